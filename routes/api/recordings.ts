import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { errorReply } from '../../src/http/errors.ts';
import { SessionPageJson, sessionJson } from '../../src/http/record-json.ts';

/** Maximum number of records per page; the client continues with the next page. */
const LONGEST_PAGE = 1000;
/** Default number of records per page, as in Live777. */
const USUAL_PAGE = 100;
/** Maximum size of a body, bytes: the keys of a page of records with the longest stream names. */
const BODY_LIMIT = 2 << 20;

const querystring = Type.Object({
  stream: Type.Optional(
    Type.String({ description: 'Only records of this stream.', examples: ['cam1'] }),
  ),
  since_ts: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Only records that changed later: the `last_ts` of the previous page.',
    }),
  ),
  limit: Type.Integer({
    minimum: 0,
    maximum: 2 ** 32 - 1,
    default: USUAL_PAGE,
    description: `At most this number of records. 0 means ${USUAL_PAGE}; more than ${LONGEST_PAGE} are never returned.`,
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
    'The body is invalid; the message says where.',
    'body.records.0: must have required properties record',
  ),
  413: errorReply('The body is larger than 2 MiB.', 'Request body is too large'),
  415: errorReply('The body is not JSON.', 'Unsupported Media Type'),
};

/**
 * The records for Liveman, which reads a page, acknowledges and deletes its records, and continues
 * after it. Unknown parameters are accepted, as in Live777: a later Liveman may send more.
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
          'Records in the order in which they changed, in pages. Pass the `last_ts` of one page as the `since_ts` of the next to miss none. An active record is listed, and listed again when it has ended. A record that was acknowledged or deleted is not listed again until it changes.',
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
        limit: Math.min(limit || USUAL_PAGE, LONGEST_PAGE),
      });
      reply.header('Cache-Control', 'no-store');
      return { sessions: sessions.map(sessionJson), last_ts: lastTs };
    },
  );

  app.patch(
    '/recordings',
    {
      bodyLimit: BODY_LIMIT,
      config: { access: 'execute' },
      schema: {
        tags: ['live777'],
        operationId: 'acknowledgeRecords',
        summary: 'Acknowledge records',
        description:
          'Removes records from this list. A record that has ended since it was read stays. All of them stay in the list for playback.',
        body: Records,
        response: {
          200: Type.Object(
            {
              acked: Type.Integer({
                description: 'Number of these records that are known and not deleted.',
              }),
            },
            {
              title: 'Acknowledged',
              description: 'The records are no longer listed.',
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
      bodyLimit: BODY_LIMIT,
      config: { access: 'execute' },
      schema: {
        tags: ['live777'],
        operationId: 'deleteRecords',
        summary: 'Delete records from the list',
        description:
          'Removes records from this list. No media is deleted. A record that has ended since it was read stays. All of them stay in the list for playback.',
        body: Records,
        response: {
          200: Type.Object(
            {
              deleted: Type.Integer({
                description: 'Number of these records that had not been deleted before.',
              }),
            },
            {
              title: 'Deleted',
              description: 'The records are no longer listed.',
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
