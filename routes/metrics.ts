import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Metrics } from '../src/http/metrics.ts';

/** The recorder's metrics for monitoring. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  let metrics: Metrics | undefined;
  app.get(
    '/metrics',
    {
      config: { access: 'read' },
      schema: {
        tags: ['record'],
        operationId: 'getMetrics',
        summary: 'Get metrics',
        description:
          'Metrics of streams, tracks, index, storage and the process, in the Prometheus text format. Counters of a track start at 0 with each publisher.',
        response: {
          200: {
            description: 'One sample per line.',
            content: { 'text/plain': { schema: Type.String() } },
          },
        },
      },
    },
    async (_request, reply) => {
      metrics ??= new Metrics(app);
      const text = await metrics.text();
      return reply.header('Cache-Control', 'no-store').type(metrics.contentType).send(text);
    },
  );
};

export default plugin;
