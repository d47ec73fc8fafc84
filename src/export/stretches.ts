import { TICKS_PER_SECOND, type Ticks, toTicks, type Us } from '../media/media-time.ts';
import { type RangePeriod, type RangeSegment, tracksOf } from '../playback/recorded-range.ts';

/** What becomes of time in which nothing was recorded: cut out, or kept as long as it was. */
export type Gaps = 'cut' | 'keep';

/** What of a Period is in an export, and where it comes there. */
export interface Stretch {
  period: RangePeriod;
  /** Media time that it begins at, and ends before. */
  from: Ticks;
  to: Ticks;
  /** Time of the export at which it begins. */
  position: Ticks;
}

/** What an export is made of, in the order of time. */
export interface Layout {
  stretches: Stretch[];
  /** How long the export is. */
  duration: Ticks;
  /** Wall clock of what it begins with, and what it ends before, µs since the Unix epoch. */
  startUs: Us;
  endUs: Us;
}

/** Less than this between two samples is rounding, no gap: 2.5 ms. */
export const TOLERANCE: Ticks = TICKS_PER_SECOND / 400;

/**
 * Lays out what was recorded in a range. Within a Period media time counts; where one begins, the wall
 * clock does.
 * @param periods in the order of time; what lies outside the range is passed over
 * @param range µs since the Unix epoch
 */
export function layOut(
  periods: readonly RangePeriod[],
  range: { startUs: Us; endUs: Us },
  gaps: Gaps,
): Layout {
  const stretches: Stretch[] = [];
  let end: Ticks = 0;
  let endUs = range.startUs;
  for (const period of periods) {
    const startUs = Math.max(period.startUs, range.startUs);
    const from = mediaTime(period, startUs);
    const to = mediaTime(period, Math.min(period.endUs, range.endUs));
    if (to <= from) continue;
    const kept = Math.round(toTicks(startUs - range.startUs));
    // Media that ran fast ends later than the wall clock says: nothing of it is cut for that.
    const position = gaps === 'keep' ? Math.max(end, kept) : end;
    stretches.push({ period, from, to, position });
    end = position + to - from;
    endUs = Math.min(period.endUs, range.endUs);
  }
  if (gaps === 'keep') {
    const whole = Math.round(toTicks(range.endUs - range.startUs));
    return { stretches, duration: Math.max(end, whole), ...range };
  }
  const [first] = stretches;
  const startUs = Math.max(first?.period.startUs ?? range.startUs, range.startUs);
  return { stretches, duration: end, startUs, endUs };
}

/** Media time of an instant of the wall clock, by the segment that it lies in or is nearest to. */
function mediaTime(period: RangePeriod, us: Us): Ticks {
  let nearest: { segment: RangeSegment; tick: Ticks } | undefined;
  let least = Number.POSITIVE_INFINITY;
  // Of two that are as near, the one of the picture.
  for (const { segments, timescale } of tracksOf(period)) {
    for (const segment of segments) {
      const distance = Math.max(segment.startUs - us, us - segment.endUs, 0);
      if (distance >= least) continue;
      least = distance;
      nearest = { segment, tick: TICKS_PER_SECOND / timescale };
    }
  }
  const { segment, tick } = nearest!;
  const { startTime, duration, startUs, endUs } = segment;
  const share = (us - startUs) / Math.max(1, endUs - startUs);
  return Math.round((startTime + share * duration) * tick);
}
