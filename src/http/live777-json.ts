import { type Static, Type } from 'typebox';
import type { StreamStatus } from '../recorder.ts';

const Session = Type.Object(
  {
    id: Type.String(),
    createdAt: Type.Integer(),
    leaveAt: Type.Integer({ description: '0 while the session lasts.' }),
    state: Type.String(),
    hasDataChannel: Type.Boolean(),
    cascade: Type.Optional(
      Type.Object(
        { sourceUrl: Type.String() },
        {
          title: 'Live777Cascade',
          description: 'Where the stream is pulled from, if it comes from another node.',
        },
      ),
    ),
  },
  { title: 'Live777Session' },
);

const Sessions = Type.Object(
  {
    leaveAt: Type.Integer({ description: '0 while there is a session.' }),
    sessions: Type.Array(Session),
  },
  { title: 'Live777Sessions' },
);

const Codec = Type.Object(
  { kind: Type.String(), codec: Type.String(), fmtp: Type.String() },
  { title: 'Live777Codec' },
);

/** A stream in the format of Live777; times in milliseconds since the Unix epoch. */
export const Live777Stream = Type.Object(
  {
    id: Type.String(),
    createdAt: Type.Integer(),
    publish: Sessions,
    subscribe: Sessions,
    codecs: Type.Array(Codec),
  },
  {
    title: 'Live777Stream',
    description: 'The stream.',
    examples: [
      {
        id: 'cam1',
        createdAt: 1753315199500,
        publish: {
          leaveAt: 0,
          sessions: [
            {
              id: '0f5b6c1e',
              createdAt: 1753315199500,
              leaveAt: 0,
              state: 'connected',
              hasDataChannel: false,
            },
          ],
        },
        subscribe: { leaveAt: 0, sessions: [] },
        codecs: [{ kind: 'video', codec: 'avc1.42e01f', fmtp: '' }],
      },
    ],
  },
);

/** Query of the stream lists in Live777's format: `?streams=cam1&streams=cam2`. */
export const StreamsQuery = Type.Object({
  streams: Type.Optional(
    Type.Unsafe<string | string[]>({
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      description: 'Only these streams; may be repeated.',
    }),
  ),
});

/**
 * The published streams in Live777's format.
 * @param named only these streams, unless empty
 */
export function live777Streams(
  statuses: readonly StreamStatus[],
  named: string | readonly string[] = [],
): Static<typeof Live777Stream>[] {
  const names = new Set([named].flat());
  return statuses
    .filter(({ stream }) => names.size === 0 || names.has(stream))
    .map(live777Stream)
    .filter((stream) => stream !== undefined);
}

/**
 * A stream in Live777's format.
 * @returns undefined for a stream without a publisher, which Live777 would not list
 */
export function live777Stream(status: StreamStatus): Static<typeof Live777Stream> | undefined {
  const { stream, publishedAtMs, sessionId, source, tracks } = status;
  if (publishedAtMs === undefined || sessionId === undefined) return undefined;
  return {
    id: stream,
    createdAt: publishedAtMs,
    publish: {
      leaveAt: 0,
      sessions: [
        {
          id: sessionId,
          createdAt: publishedAtMs,
          leaveAt: 0,
          state: 'connected',
          hasDataChannel: false,
          // Without this, the node from which we pull would mistake us, through Liveman, for
          // another publisher.
          ...(source !== undefined && {
            cascade: { sourceUrl: `${source}/whep/${encodeURIComponent(stream)}` },
          }),
        },
      ],
    },
    // Viewers must not be sent here: recordings are served as DASH only.
    subscribe: { leaveAt: 0, sessions: [] },
    codecs: tracks.map(({ kind, codec }) => ({ kind, codec, fmtp: '' })),
  };
}
