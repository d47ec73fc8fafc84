import type { ReferenceTime } from '../manifest/presentation.ts';
import { trackTicksToUs } from '../media/media-time.ts';
import type { RangeTrack } from './recorded-range.ts';

/**
 * How far the wall clock of any sample may be from what is interpolated between two references, µs, but
 * for what it deviates within a segment: less than a millisecond in two seconds.
 */
const TOLERANCE_US = 5000;

/**
 * Where the media time of a track lies on the wall clock, in as few references as it takes: media time
 * goes by the sender's clock, so that the two drift apart by up to 500 ppm, a little faster or slower
 * every ten seconds (`design/time.md`). The first is the start of the first segment, the last the end of
 * the last. Time in between is interpolated.
 */
export function referenceTimes({ segments, timescale }: RangeTrack): ReferenceTime[] {
  const [first] = segments;
  const references: ReferenceTime[] = [{ time: first!.startTime, us: first!.startUs }];
  let anchor = references[0]!;
  let before = anchor;
  // The drifts, µs a tick, that all instants since the anchor are within the tolerance of.
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  const add = (time: number, us: number) => {
    const ticks = time - anchor.time;
    if (ticks <= 0) return;
    const driftUs = us - anchor.us - trackTicksToUs(ticks, timescale);
    if (driftUs / ticks < least || driftUs / ticks > most) {
      references.push(before);
      anchor = before;
      least = Number.NEGATIVE_INFINITY;
      most = Number.POSITIVE_INFINITY;
      return add(time, us);
    }
    least = Math.max(least, (driftUs - TOLERANCE_US) / ticks);
    most = Math.min(most, (driftUs + TOLERANCE_US) / ticks);
    before = { time, us };
  };
  for (const { startTime, duration, startUs, endUs } of segments) {
    add(startTime, startUs);
    add(startTime + duration, endUs);
  }
  if (before !== anchor) references.push(before);
  return references;
}
