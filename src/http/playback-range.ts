import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { RecordedRange } from '../playback/recorded-range.ts';
import { parseRange } from '../playback/request-time.ts';
import { selectRange } from '../playback/select-range.ts';
import { Refusal } from '../refusal.ts';
import { BUCKET_REPLIES } from './bucket-reply.ts';
import './decorators.ts';
import { errorReply } from './errors.ts';
import { timeParameter } from './playback-query.ts';
import { rootFrom } from './stream-address.ts';
import { forwardedPrefix } from './trusted-proxy.ts';

/** Query of the calls that show a range of a stream to a player. */
export const RangeQuery = Type.Object(
  {
    start: timeParameter('Start of the range.'),
    end: Type.Optional(
      timeParameter('End of the range; absent, it goes on for as long as the recording does.'),
    ),
  },
  { additionalProperties: false },
);

/** Replies that all calls with a {@link RangeQuery} have in common, for the API description. */
export const RANGE_REPLIES = {
  304: { description: 'Nothing has changed: it still has this `ETag`.', type: 'null' },
  409: errorReply(
    'None of the manifests of the range can be read.',
    'the manifest of cam1/2025/07/24 is missing or damaged; see what "verify" and "repair" say of it',
  ),
  ...BUCKET_REPLIES,
} as const;

/** Headers of what a player is shown, for the API description. */
export const RANGE_HEADERS = {
  'Left-Out': Type.String({
    description:
      'Day folders of which nothing is shown because their manifests cannot be read, separated by commas; absent otherwise.',
  }),
} as const;

/** A range that a player is shown. */
export interface PlayedRange {
  range: RecordedRange;
  /** More of it is to come. */
  isLive: boolean;
}

/** Where a player that sent this request finds recorded objects, as {@link rootFrom} says. */
export function objectRoot(app: FastifyInstance, request: FastifyRequest): string {
  const prefix = forwardedPrefix(request, app.trustsProxy);
  return `${rootFrom(request.originalUrl, prefix)}api/record/object/`;
}

/** States in which a recording goes on, see `StreamState`. */
const RECORDING: ReadonlySet<string> = new Set(['recording', 'degraded', 'interrupted']);

/**
 * What a request with a {@link RangeQuery} asks for.
 * What lies in a folder without a manifest is left out: the header `Left-Out` names it, and what is sent says so
 * in a comment, since players know of no such thing.
 * @throws Refusal `bad-time`; `no-media` where there is nothing; `unreadable-media` where all of it is left
 * out; RequestError 502, 503 where the bucket cannot be read; the file system's error
 */
export async function playedRange(
  app: FastifyInstance,
  request: FastifyRequest<{
    Params: { stream: string };
    Querystring: { start: string; end?: string };
  }>,
  reply: FastifyReply,
): Promise<PlayedRange> {
  const { stream } = request.params;
  const asked = parseRange(request.query);
  const { state } = await app.recorder.status(stream);
  const range = await selectRange(app.rangeSources, stream, asked);
  if (range.unreadable.length > 0) {
    const folders = range.unreadable;
    request.log.warn({ stream, folders }, 'recordings have no manifest that can be read');
  }
  if (range.periods.length === 0 && range.unreadable.length > 0) {
    const folders = range.unreadable.join(', ');
    throw new Refusal(
      'unreadable-media',
      `the manifest of ${folders} is missing or damaged; see what "verify" and "repair" say of it`,
    );
  }
  if (range.periods.length === 0) {
    throw new Refusal('no-media', `nothing is recorded of ${stream} in this range`);
  }
  if (range.unreadable.length > 0) reply.header('Left-Out', range.unreadable.join(', '));
  const { endUs } = asked;
  const isOpen = endUs === undefined || endUs > Date.now() * 1000;
  return { range, isLive: isOpen && RECORDING.has(state) };
}
