import { trackTicksToUs } from './media-time.ts';

/** Where a stretch of media time lies on the wall clock. */
export interface WallClockSpan {
  /** Media time of start and end, ticks since the Unix epoch. */
  startTime: number;
  endTime: number;
  /** The same instants on our wall clock, integer µs since the Unix epoch. */
  startUs: number;
  endUs: number;
}

/**
 * Where a segment lies on the wall clock, by what its file says.
 * @param head what the head of the file says; without it media time is all there is
 * @param startTime of its first sample, ticks since the Unix epoch
 * @param endTime of its last sample
 * @param timescale ticks a second
 */
export function wallClockSpan(
  head: WallClockSpan | undefined,
  startTime: number,
  endTime: number,
  timescale: number,
): WallClockSpan {
  if (head !== undefined && head.startTime === startTime && head.endTime === endTime) return head;
  // A segment that was never closed: what was true of its start holds for all of it.
  const offsetUs =
    head === undefined ? 0 : head.startUs - trackTicksToUs(head.startTime, timescale);
  const us = (time: number) => Math.round(trackTicksToUs(time, timescale) + offsetUs);
  return { startTime, endTime, startUs: us(startTime), endUs: us(endTime) };
}

/** A media time within a span on the wall clock, integer µs. @param time ticks since the epoch */
export function wallClockUs(span: WallClockSpan, time: number): number {
  const { startTime, endTime, startUs, endUs } = span;
  return Math.round(startUs + ((time - startTime) / (endTime - startTime)) * (endUs - startUs));
}
