import { type Static, Type } from 'typebox';
import { PERIOD_REASONS } from '../facts/period-reason.ts';
import type { TimelineSpan } from '../playback/timeline.ts';
import { TrackKindJson } from './stream-json.ts';

const SpanJson = Type.Object(
  {
    start_ts: Type.Integer({ description: 'Wall-clock start, µs since the Unix epoch.' }),
    end_ts: Type.Integer({ description: 'Wall-clock end (exclusive), µs since the Unix epoch.' }),
    kinds: Type.Array(TrackKindJson, { description: 'The tracks that there are.' }),
    bytes: Type.Integer({ description: 'Bytes of its segments, roughly where a track is cut.' }),
    reason: Type.Optional(
      Type.String({
        description: `Why recording began anew with this span, which is why there is a gap before it. Absent if it is not known. One of ${Object.entries(
          PERIOD_REASONS,
        )
          .map(([reason, words]) => `\`${reason}\` (${words})`)
          .join(', ')}.`,
      }),
    ),
  },
  { title: 'TimelineSpan', description: 'A stretch of time in which there is media.' },
);

/** Reply to `GET /api/timeline`. */
export const TimelineJson = Type.Object(
  {
    streams: Type.Array(
      Type.Object(
        {
          stream: Type.String(),
          spans: Type.Array(SpanJson, { description: 'In the order of time.' }),
        },
        { title: 'StreamTimeline' },
      ),
      { description: 'The streams that were asked for, in that order, or all of them, sorted.' },
    ),
  },
  {
    title: 'Timeline',
    description: 'What there is of each stream.',
    examples: [
      {
        streams: [
          {
            stream: 'cam1',
            spans: [
              {
                start_ts: 1753315200000000,
                end_ts: 1753322400000000,
                kinds: ['video', 'audio'],
                bytes: 2250000000,
                reason: 'start',
              },
            ],
          },
        ],
      },
    ],
  },
);

/** A span in the form of {@link TimelineJson}. */
export function spanJson(span: TimelineSpan): Static<typeof SpanJson> {
  const { startUs, endUs, kinds, bytes, reason } = span;
  return {
    start_ts: startUs,
    end_ts: endUs,
    kinds,
    bytes,
    ...(reason !== undefined && { reason }),
  };
}
