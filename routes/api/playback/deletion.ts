import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../../src/http/decorators.ts';
import { errorReply, RequestError } from '../../../src/http/errors.ts';
import { timeParameter } from '../../../src/http/playback-query.ts';
import { RangeDeletionJson, rangeDeletionJson } from '../../../src/http/retention-json.ts';
import { StreamParams } from '../../../src/http/stream-id.ts';
import { parseRange } from '../../../src/playback/request-time.ts';

const TOO_LONG =
  'end: must not be further from start: no more than 200000 segments are deleted at a time';

/** Deletes a range of a stream. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.delete(
    '/:stream',
    {
      config: { access: 'execute' },
      schema: {
        tags: ['record'],
        operationId: 'deleteRange',
        summary: 'Delete a range of a stream',
        description:
          'Deletes what was recorded in a range: whole segments that lie within it, sound and picture together. What is protected, or being exported, stays; the reply says so. Recording goes on. Nothing else than a protection keeps what was deleted: it cannot be brought back.',
        params: StreamParams,
        querystring: Type.Object(
          {
            start: timeParameter('Segments that begin before it stay.'),
            end: timeParameter('Segments that end after it stay.'),
            dry_run: Type.Boolean({
              default: false,
              description: 'Delete nothing, only tell what would be.',
            }),
          },
          { additionalProperties: false },
        ),
        response: {
          200: RangeDeletionJson,
          400: errorReply(
            'A parameter is malformed, or the range is too long.',
            'end: must be later than start',
          ),
        },
      },
    },
    async (request, reply) => {
      const { start, end, dry_run: isDryRun } = request.query;
      const { startUs, endUs } = parseRange({ start, end });
      const { stream } = request.params;
      const result = await app.retention.deleteRange(stream, startUs, endUs!, isDryRun);
      if (result === undefined) throw new RequestError(400, TOO_LONG);
      reply.header('Cache-Control', 'no-store');
      return rangeDeletionJson(result, isDryRun);
    },
  );
};

export default plugin;
