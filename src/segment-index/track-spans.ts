import type { PeriodReason } from '../facts/period-reason.ts';

/** A continuous stretch of media of a track; times in µs since the Unix epoch, end exclusive. */
export interface TrackSpan {
  startUs: number;
  endUs: number;
  bytes: number;
  /** Why the Period at the beginning of the stretch began, if known. */
  reason: PeriodReason | undefined;
}

/** Segments that are at most this far apart are contiguous, because times are rounded, µs. */
const NO_GAP_US = 1000;

/** Adds a segment to the last stretch if it continues that, otherwise to a new one. */
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

/** The stretches in chronological order. */
export function inOrder(spans: TrackSpan[]): TrackSpan[] {
  for (let at = 1; at < spans.length; at++) {
    if (spans[at]!.startUs < spans[at - 1]!.startUs) {
      return spans.sort((a, b) => a.startUs - b.startUs);
    }
  }
  return spans;
}
