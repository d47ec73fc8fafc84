import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import '../src/http/decorators.ts';
import { mayReadAll } from '../src/http/auth.ts';
import { Readiness } from '../src/http/readiness.ts';
import { ReadinessJson } from '../src/http/readiness-json.ts';

/** For whoever restarts the recorder, or sends streams to it. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const readiness = new Readiness(app);

  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: {
        tags: ['record'],
        operationId: 'getHealth',
        summary: 'Ask whether the recorder is alive',
        description:
          'Answers whenever the program does, whatever state its parts are in. Needs no token.',
        response: {
          200: Type.Object(
            { status: Type.Literal('ok') },
            { title: 'Health', description: 'It is.', examples: [{ status: 'ok' }] },
          ),
        },
      },
    },
    async (_request, reply) => {
      neverKept(reply);
      return { status: 'ok' as const };
    },
  );

  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        tags: ['record'],
        operationId: 'getReadiness',
        summary: 'Ask whether the recorder can record',
        description:
          'Whether what is published now would be recorded. A part that is only degraded does not make it unavailable. Needs no token; with one that may read all streams, or where none is needed, the reply says why, part by part. It is up to a second old.',
        response: {
          200: {
            description: 'It can.',
            content: {
              'application/json': { schema: ReadinessJson, example: { status: 'ready' } },
            },
          },
          503: {
            description: 'It cannot; see the parts.',
            content: {
              'application/json': {
                schema: ReadinessJson,
                example: {
                  status: 'unavailable',
                  parts: {
                    workers: { status: 'ok' },
                    storage: {
                      status: 'degraded',
                      reason:
                        'recordings wait for upload (last error: ECONNREFUSED); see GET /api/storage',
                    },
                    spool: {
                      status: 'failed',
                      reason: 'too much data waits for upload: no recording begins',
                    },
                    index: { status: 'ok' },
                    disk: { status: 'ok' },
                  },
                },
              },
            },
          },
        },
      },
    },
    async (request, reply) => {
      neverKept(reply);
      const { status, parts } = await readiness.report();
      const isTold = mayReadAll(app.authorizer.callerOf(request));
      reply.code(status === 'ready' ? 200 : 503);
      return { status, ...(isTold && { parts }) } as never;
    },
  );
};

function neverKept(reply: FastifyReply): void {
  reply.header('Cache-Control', 'no-store');
}

export default plugin;
