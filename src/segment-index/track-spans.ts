import type { PeriodReason } from '../facts/period-reason.ts';

/** An unbroken stretch of media of one track; times in µs since the Unix epoch, end exclusive. */
export interface TrackSpan {
  startUs: number;
  endUs: number;
  bytes: number;
  /** Why the Period began with which the stretch begins, where that is known. */
  reason: PeriodReason | undefined;
}

/** Segments that are so near to each other follow each other without a gap, µs: times are rounded. */
const NO_GAP_US = 1000;

/** Adds a segment to the stretch that it goes on with, the last one, or to a new one. */
export function extendSpans(
  spans: TrackSpan[],
  startUs: number,
  endUs: number,
  bytes: number,
  reason: PeriodReason | undefined,
): void {
  const last = spans.at(-1);
  if (last !== undefined && startUs >= last.startUs && startUs <= last.endUs + NO_GAP_US) {
    last.endUs = Math.max(last.endUs, endUs);
    last.bytes += bytes;
  } else spans.push({ startUs, endUs, bytes, reason });
}

/** The same stretches, sorted by time unless they are. */
export function inOrder(spans: TrackSpan[]): TrackSpan[] {
  for (let at = 1; at < spans.length; at++) {
    if (spans[at]!.startUs < spans[at - 1]!.startUs) {
      return spans.sort((a, b) => a.startUs - b.startUs);
    }
  }
  return spans;
}
