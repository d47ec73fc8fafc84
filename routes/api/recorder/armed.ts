import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { errorReply } from '../../../src/http/errors.ts';

const ArmedStreamJson = Type.Object(
  {
    stream: Type.String(),
    armed_at: Type.Integer({
      description: 'When the recording was requested, in milliseconds since the Unix epoch.',
    }),
    waiting: Type.Boolean({ description: 'True while the stream has no publisher.' }),
  },
  { title: 'ArmedStream' },
);

const DisarmedJson = Type.Object(
  {
    disarmed: Type.Integer({
      description: 'Number of streams that were waiting and no longer are.',
    }),
  },
  {
    title: 'Disarmed',
    description:
      'These streams are no longer recorded when they are published, unless `auto_streams` matches them.',
    examples: [{ disarmed: 1 }],
  },
);

/** The streams for which a recording was requested by name. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/armed',
    {
      schema: {
        tags: ['record'],
        operationId: 'listArmedStreams',
        summary: 'List armed streams',
        description:
          'The streams for which a recording was requested by `POST /api/record/{stream}` and not stopped by `DELETE`, whether they are being recorded or waiting for a publisher.',
        response: {
          200: Type.Array(ArmedStreamJson, {
            description: 'The streams, in the order in which they were armed.',
            examples: [[{ stream: 'cam1', armed_at: 1753315200000, waiting: true }]],
          }),
        },
      },
    },
    async () => {
      const armed = await app.recorder.armed();
      return armed.map(({ stream, armedAtMs, isWaiting }) => ({
        stream,
        armed_at: armedAtMs,
        waiting: isWaiting,
      }));
    },
  );

  app.delete(
    '/armed',
    {
      config: { access: 'execute' },
      schema: {
        tags: ['record'],
        operationId: 'disarmStreams',
        summary: 'Disarm the streams that wait for a publisher',
        description:
          'Disarms all streams that are armed and not being recorded. Running recordings continue.',
        querystring: Type.Object(
          {
            before: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: Number.MAX_SAFE_INTEGER,
                description:
                  'Only streams that were armed before this time, in milliseconds since the Unix epoch.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: DisarmedJson,
          400: errorReply(
            'A parameter is unknown or malformed; the message names it.',
            'query.before: must be integer',
          ),
        },
      },
    },
    async (request) => ({ disarmed: await app.recorder.disarm(request.query.before) }),
  );
};

export default plugin;
