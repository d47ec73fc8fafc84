import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { errorReply } from '../../src/http/errors.ts';
import {
  RetentionJson,
  retentionJson,
  SweepJson,
  sweepJson,
} from '../../src/http/retention-json.ts';

/** What the rules of `[recorder.retention]` delete. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/retention',
    {
      schema: {
        tags: ['record'],
        operationId: 'getRetention',
        summary: 'Get what is deleted',
        description: 'What was deleted since the start, and what is about to be.',
        response: { 200: RetentionJson },
      },
    },
    async () => retentionJson(app.retention.figures),
  );

  app.post(
    '/retention/sweep',
    {
      config: { access: 'execute', bodyOptional: true },
      schema: {
        tags: ['record'],
        operationId: 'sweep',
        summary: 'Delete what the rules name',
        description:
          'Deletes what `[recorder.retention]` names now, instead of waiting until it is worthwhile; the recorder does so by itself in time. With `dry_run`, only tells what that is.',
        querystring: Type.Object(
          { dry_run: Type.Boolean({ default: false, description: 'Delete nothing.' }) },
          { additionalProperties: false },
        ),
        response: {
          200: SweepJson,
          400: errorReply('A parameter is malformed.', 'query.dry_run: must be boolean'),
        },
      },
    },
    async (request, reply) => {
      const { dry_run: isDryRun } = request.query;
      const plan = isDryRun ? await app.retention.dryRun() : await app.retention.sweep(false);
      reply.header('Cache-Control', 'no-store');
      return sweepJson(plan, isDryRun);
    },
  );
};

export default plugin;
