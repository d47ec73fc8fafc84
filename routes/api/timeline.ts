import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { errorReply, RequestError } from '../../src/http/errors.ts';
import { timeParameter } from '../../src/http/playback-query.ts';
import { replyWithTag } from '../../src/http/tagged-reply.ts';
import { spanJson, TimelineJson } from '../../src/http/timeline-json.ts';
import { parseRange } from '../../src/playback/request-time.ts';
import { timelineOf } from '../../src/playback/timeline.ts';

/** Later than anything that was recorded, µs since the Unix epoch: the year 2255. */
const LATEST_US = Number.MAX_SAFE_INTEGER;

const querystring = Type.Object(
  {
    streams: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Names of the streams, separated by commas; all if absent. Write a comma within a name as `%2C` and a percent sign as `%25`, and then percent-encode the whole as any value of a query.',
        examples: ['cam1,cam2'],
      }),
    ),
    start: Type.Optional(timeParameter('Only what ends after this; everything if absent.')),
    end: Type.Optional(timeParameter('Only what begins before this; everything if absent.')),
    resolution: Type.Number({
      minimum: 0,
      maximum: 31_536_000,
      default: 1,
      description:
        'Seconds that a gap must exceed to be told apart, as many as a pixel has on a time axis.',
    }),
  },
  { additionalProperties: false },
);

/** Names in a `streams` parameter. @throws RequestError 400 for a percent sign on its own */
function namesIn(streams: string): string[] {
  try {
    return [...new Set(streams.split(',').map(decodeURIComponent))];
  } catch {
    throw new RequestError(400, 'query.streams: write a percent sign in a name as %25');
  }
}

/** Streams that a request is about: undefined for all. */
function streamsOf(request: FastifyRequest): string[] | undefined {
  const { streams } = request.query as { streams?: unknown };
  return typeof streams === 'string' ? namesIn(streams) : undefined;
}

/** When there is media of which stream. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/timeline',
    {
      config: {
        // Who names none is shown the one.
        concerns: (request, stream) =>
          streamsOf(request)?.every((asked) => asked === stream) ?? true,
      },
      schema: {
        tags: ['read'],
        operationId: 'getTimeline',
        summary: 'Get when there is media',
        description:
          'When there is media of which stream: spans, and between them gaps with the reason why recording began anew after each. With a token for a single stream, that stream alone is shown. Conditional requests (`If-None-Match`) are supported.',
        querystring,
        response: {
          200: TimelineJson,
          304: { description: 'Nothing has changed: it still has this `ETag`.', type: 'null' },
          400: errorReply(
            'A parameter is unknown or malformed; the message names it.',
            'start: looks like seconds; it must be whole µs since the Unix epoch, as 1753315200000000, or an ISO 8601 date and time with its offset, as 2025-07-24T08:00:00.000+08:00 or 2025-07-24T00:00:00Z',
          ),
        },
      },
    },
    async (request, reply) => {
      const { start, end, resolution } = request.query;
      const { startUs, endUs = LATEST_US } = parseRange({ start, end }, 0);
      const own = app.authorizer.callerOf(request)!.stream;
      const streams = streamsOf(request) ?? (own === '*' ? app.segmentIndex.streams() : [own]);
      const body = JSON.stringify({
        streams: streams.map((stream) => ({
          stream,
          spans: timelineOf(
            app.segmentIndex.spans(stream, startUs, endUs),
            startUs,
            endUs,
            resolution * 1e6,
          ).map(spanJson),
        })),
      });
      // Written out here, since its tag depends on it.
      return replyWithTag(request, reply, 'application/json; charset=utf-8', body);
    },
  );
};

export default plugin;
