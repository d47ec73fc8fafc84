import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { errorReply } from '../../src/http/errors.ts';
import { SessionPageJson, sessionJson } from '../../src/http/record-json.ts';

/** Records a page has at most, whatever the client asks for: it goes on with the next page. */
const longestPage = 1000;
/** Records of a page when the client asks for none: what Live777 answers. */
const usualPage = 100;
/** Bytes of a body: the keys of a page whose streams have the longest of names. */
const bodyLimit = 2 << 20;

const querystring = Type.Object({
  stream: Type.Optional(
    Type.String({ description: 'Only records of this stream.', examples: ['cam1'] }),
  ),
  since_ts: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Only records that changed after this: the `last_ts` of the page before.',
    }),
  ),
  limit: Type.Integer({
    minimum: 0,
    maximum: 2 ** 32 - 1,
    default: usualPage,
    description: `At most so many records; 0 stands for ${usualPage}, and there are never more than ${longestPage}.`,
  }),
});

const Records = Type.Object(
  {
    records: Type.Array(
      Type.Object(
        {
          stream: Type.String(),
          record: Type.String({ description: 'The `id` of the record.' }),
        },
        { title: 'RecordKey' },
      ),
    ),
  },
  { title: 'RecordKeys', examples: [{ records: [{ stream: 'cam1', record: '1753315200' }] }] },
);

const errors = {
  400: errorReply(
    'The body is not of this form; the message says where.',
    'body.records.0: must have required properties record',
  ),
  413: errorReply('The body is larger than 2 MiB.', 'Request body is too large'),
  415: errorReply('The body is not JSON.', 'Unsupported Media Type'),
};

/**
 * What Liveman collects: it reads a page, acknowledges and deletes the records of it, and goes on
 * where the page ended. Unknown parameters are let pass, as Live777 does: a later Liveman may send
 * more than this one.
 */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/recordings',
    {
      schema: {
        tags: ['live777'],
        operationId: 'collectRecords',
        summary: 'Collect records',
        description:
          'Records page by page, in the order in which they changed: give the `last_ts` of one page as `since_ts` of the next and none is missed. One that goes on is offered, and again when it has ended. What was acknowledged or deleted is not offered again until it has changed.',
        querystring,
        response: {
          200: SessionPageJson,
          400: errorReply(
            'A parameter is malformed; the message names it.',
            'query.limit: must be integer',
          ),
        },
      },
    },
    async (request, reply) => {
      const { stream, since_ts: sinceTs, limit } = request.query;
      const { sessions, lastTs } = app.recordCatalogue.sessions({
        stream,
        sinceTs,
        limit: Math.min(limit || usualPage, longestPage),
      });
      reply.header('Cache-Control', 'no-store');
      return { sessions: sessions.map(sessionJson), last_ts: lastTs };
    },
  );

  app.patch(
    '/recordings',
    {
      bodyLimit,
      config: { access: 'execute' },
      schema: {
        tags: ['live777'],
        operationId: 'acknowledgeRecords',
        summary: 'Acknowledge records',
        description:
          'Offers them no more. One that has ended since it was read stays on offer. They stay in the list for playback.',
        body: Records,
        response: {
          200: Type.Object(
            {
              acked: Type.Integer({ description: 'How many of them are known, and not deleted.' }),
            },
            {
              title: 'Acknowledged',
              description: 'They are not offered any more.',
              examples: [{ acked: 1 }],
            },
          ),
          ...errors,
        },
      },
    },
    async (request) => ({ acked: await app.recordCatalogue.ack(request.body.records) }),
  );

  app.delete(
    '/recordings',
    {
      bodyLimit,
      config: { access: 'execute' },
      schema: {
        tags: ['live777'],
        operationId: 'deleteRecords',
        summary: 'Delete records from what is offered',
        description:
          'Offers them no more. Nothing that was recorded is deleted: they stay in the list for playback, and one that has ended since it was read stays on offer.',
        body: Records,
        response: {
          200: Type.Object(
            { deleted: Type.Integer({ description: 'How many were not deleted before.' }) },
            {
              title: 'Deleted',
              description: 'They are not offered any more.',
              examples: [{ deleted: 1 }],
            },
          ),
          ...errors,
        },
      },
    },
    async (request) => ({ deleted: await app.recordCatalogue.remove(request.body.records) }),
  );
};

export default plugin;
