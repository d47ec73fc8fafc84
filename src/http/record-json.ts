import { type Static, Type } from 'typebox';
import type { RecordFacts } from '../facts/record-facts.ts';

/** Liveman reads durations as 32-bit integers, ms. */
const LONGEST_DURATION_MS = 2 ** 31 - 1;

/** A record as Liveman collects it; Liveman calls it a session. */
export const SessionJson = Type.Object(
  {
    id: Type.String({ description: 'Unix time of the start in seconds, ten digits.' }),
    stream: Type.String(),
    start_ts: Type.Integer({ description: 'Wall-clock start, µs since the Unix epoch.' }),
    end_ts: Type.Optional(
      Type.Integer({ description: 'Wall-clock end; absent while the record is active.' }),
    ),
    duration_ms: Type.Optional(
      Type.Integer({
        maximum: LONGEST_DURATION_MS,
        description: 'Absent while the record is active.',
      }),
    ),
    mpd_path: Type.String({ description: 'Object path of the manifest.' }),
    status: Type.Enum(['Active', 'Completed', 'Failed'], {
      description: 'Active: still being recorded. Failed: ended because it could not be written.',
    }),
  },
  { title: 'Record' },
);

/** A page of records. */
export const SessionPageJson = Type.Object(
  {
    sessions: Type.Array(SessionJson),
    last_ts: Type.Integer({
      description:
        'The `since_ts` for the next request: when the last of these records changed, or, if the page is empty, the `since_ts` of this request or 0.',
    }),
  },
  {
    title: 'RecordPage',
    description: 'Records in the order in which they changed.',
    examples: [
      {
        sessions: [
          {
            id: '1753315200',
            stream: 'cam1',
            start_ts: 1753315200000000,
            end_ts: 1753315230000000,
            duration_ms: 30000,
            mpd_path: 'cam1/2025/07/24/manifest.mpd',
            status: 'Completed',
          },
        ],
        last_ts: 1753315230123456,
      },
    ],
  },
);

/** A record in the list of recordings that can be played. */
export const PlaybackJson = Type.Object(
  {
    record: Type.String({ description: 'Unix time of the start in seconds, ten digits.' }),
    mpd_path: Type.String({ description: 'Path for `GET /api/record/object/{path}`.' }),
    duration_ms: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      maximum: LONGEST_DURATION_MS,
      description: 'Null while the record is active.',
    }),
  },
  { title: 'PlaybackRecord' },
);

/** A record in the form of {@link SessionJson}. */
export function sessionJson(record: RecordFacts): Static<typeof SessionJson> {
  const { recordId, stream, startUs, endUs, mpdPath, status } = record;
  return {
    id: recordId,
    stream,
    start_ts: startUs,
    ...(endUs !== undefined && { end_ts: endUs, duration_ms: durationMs(startUs, endUs) }),
    mpd_path: mpdPath,
    status,
  };
}

/** A record in the form of {@link PlaybackJson}. */
export function playbackJson(record: RecordFacts): Static<typeof PlaybackJson> {
  const { recordId, startUs, endUs, mpdPath } = record;
  return {
    record: recordId,
    mpd_path: mpdPath,
    duration_ms: endUs === undefined ? null : durationMs(startUs, endUs),
  };
}

function durationMs(startUs: number, endUs: number): number {
  return Math.min(Math.round((endUs - startUs) / 1000), LONGEST_DURATION_MS);
}
