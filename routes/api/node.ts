import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { steadyNowUs } from '../../src/clock/steady-clock.ts';
import { version } from '../../src/version.ts';

const Info = Type.Object(
  {
    version: Type.String(),
    gitHash: Type.String({ description: 'Empty if unknown.' }),
    buildTime: Type.String({ description: 'Empty: there is no build step.' }),
    features: Type.Array(Type.String()),
    codecs: Type.Array(Type.String(), {
      description: 'What is recorded, most wanted first: `[recorder] codecs` of the configuration.',
    }),
  },
  {
    title: 'NodeInfo',
    description: 'Program and version.',
    examples: [
      {
        version: '0.1.0',
        gitHash: '',
        buildTime: '',
        features: ['recorder'],
        codecs: ['h264', 'h265', 'av1', 'vp9', 'vp8', 'opus', 'multiopus', 'pcmu', 'pcma'],
      },
    ],
  },
);

/** All other rules of Live777 keep their defaults. */
const STRATEGY = { each_stream_max_sub: 0 };

/** What Liveman and DASH players request of the node itself. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/info',
    {
      config: { access: 'open' },
      schema: {
        tags: ['live777'],
        operationId: 'getInfo',
        summary: 'Get program and version',
        description: 'In the format of Live777, and which codecs are recorded. Needs no token.',
        response: { 200: Info },
      },
    },
    async () => ({
      version,
      gitHash: '',
      buildTime: '',
      features: ['recorder'],
      codecs: app.config.recorder.codecs,
    }),
  );

  app.get(
    '/strategy/',
    {
      schema: {
        tags: ['live777'],
        operationId: 'getStrategy',
        summary: 'Get the strategy',
        description:
          'No viewers are accepted, so that Liveman does not route any to a node that only records.',
        response: {
          200: Type.Object(
            { each_stream_max_sub: Type.Integer() },
            { title: 'Strategy', description: 'Always the same.', examples: [STRATEGY] },
          ),
        },
      },
    },
    async () => STRATEGY,
  );
  // Liveman requests the path with a slash, people without.
  app.get('/strategy', async () => STRATEGY);

  app.get(
    '/time',
    {
      config: { access: 'open' },
      schema: {
        tags: ['read'],
        operationId: 'getTime',
        summary: 'Get the time',
        description:
          'The clock that manifests refer to, for players (`urn:mpeg:dash:utc:http-xsdate:2014`). Needs no token.',
        response: {
          200: {
            description: 'Coordinated Universal Time.',
            content: {
              'text/plain': { schema: Type.String({ examples: ['2025-07-24T00:00:00.000Z'] }) },
            },
          },
        },
      },
    },
    async (_request, reply) =>
      reply
        .headers({ 'Cache-Control': 'no-store' })
        .type('text/plain; charset=utf-8')
        .send(new Date(steadyNowUs() / 1000).toISOString()),
  );
};

export default plugin;
