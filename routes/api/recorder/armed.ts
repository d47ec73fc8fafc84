import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { errorReply } from '../../../src/http/errors.ts';

const ArmedStreamJson = Type.Object(
  {
    stream: Type.String(),
    armed_at: Type.Integer({ description: 'When it was asked for: milliseconds since the epoch.' }),
    waiting: Type.Boolean({ description: 'True while there is nothing of it to record.' }),
  },
  { title: 'ArmedStream' },
);

const DisarmedJson = Type.Object(
  { disarmed: Type.Integer({ description: 'How many of them waited, and do no more.' }) },
  {
    title: 'Disarmed',
    description:
      'They are not recorded when somebody publishes them, unless `auto_streams` says so.',
    examples: [{ disarmed: 1 }],
  },
);

/** The streams of which a recording was asked for by name. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/armed',
    {
      schema: {
        tags: ['record'],
        operationId: 'listArmedStreams',
        summary: 'List the streams that a recording was asked for of',
        description:
          'Those of `POST /api/record/{stream}`, until `DELETE`: whether they are recorded, or wait for a publisher.',
        response: {
          200: Type.Array(ArmedStreamJson, {
            description: 'The streams, the longest armed first.',
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
        summary: 'Let go of the streams that wait for a publisher',
        description:
          'All that are armed and not recorded at present. What is being recorded goes on.',
        querystring: Type.Object(
          {
            before: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: Number.MAX_SAFE_INTEGER,
                description: 'Only those armed before this: milliseconds since the epoch.',
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
