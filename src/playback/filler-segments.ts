import type { TrackKind } from '../media/access-unit.ts';
import {
  type RangePeriod,
  type RangeTrack,
  type RecordedRange,
  tracksOf,
} from './recorded-range.ts';

/** Where fillers may be cut: at whole packets of silence, which no codec cuts off, seconds. */
const STEP_SECONDS = 0.02;

/** A segment of a filler, beside a recorded one of the other track. */
export interface FillerSegment {
  /** Media time of its start, and its duration: ticks of the track that it is like. */
  time: number;
  duration: number;
  /** Wall clock of its start, µs since the Unix epoch, to half a step. */
  startUs: number;
}

/**
 * The track that a filler is to be like in a Period without such a track: the one before it, else the
 * first one. So what a live range says does not change when more is recorded.
 * @param at place of the Period
 * @returns undefined where there is none in the whole range
 */
export function trackToFillLike(
  periods: readonly RangePeriod[],
  at: number,
  kind: TrackKind,
): RangeTrack | undefined {
  const before = periods.slice(0, at).findLast((period) => period[kind] !== undefined);
  return (before ?? periods.find((period) => period[kind] !== undefined))?.[kind];
}

/** Initialization segments of the tracks that fillers of a kind are like in a range: object paths. */
export function pathsToFillLike({ periods }: RecordedRange, kind: TrackKind): string[] {
  const paths = periods.flatMap((period, at) =>
    period[kind] === undefined ? (trackToFillLike(periods, at, kind)?.initPath ?? []) : [],
  );
  return [...new Set(paths)];
}

/**
 * The filler of a Period, in segments like those of the track that it has.
 * @param timescale of the filler, ticks per second: a multiple of 50
 */
export function fillerSegments(period: RangePeriod, timescale: number): FillerSegment[] {
  const { segments, timescale: theirs } = tracksOf(period)[0]!;
  const step = timescale * STEP_SECONDS;
  const first = segments[0]!.startTime;
  const origin = Math.round((first / theirs) * timescale);
  const timeOf = (time: number) =>
    origin + Math.round((time - first) / theirs / STEP_SECONDS) * step;
  return segments.flatMap(({ startTime, duration, startUs }) => {
    const time = timeOf(startTime);
    const end = timeOf(startTime + duration);
    // One that is shorter than half a step has none.
    return end > time ? [{ time, duration: end - time, startUs }] : [];
  });
}
