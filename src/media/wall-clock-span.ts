import { trackTicksToUs } from './media-time.ts';

/** A range of media time and its place on the wall clock. */
export interface WallClockSpan {
  /** Media time of start and end, ticks since the Unix epoch. */
  startTime: number;
  endTime: number;
  /** The same instants on our wall clock, integer µs since the Unix epoch. */
  startUs: number;
  endUs: number;
}

/**
 * The place of a segment on the wall clock, according to its file.
 * @param head from the head of the file; without it, only media time is known
 * @param startTime of its first sample, ticks since the Unix epoch
 * @param endTime of its last sample
 * @param timescale ticks per second
 */
export function wallClockSpan(
  head: WallClockSpan | undefined,
  startTime: number,
  endTime: number,
  timescale: number,
): WallClockSpan {
  if (head !== undefined && head.startTime === startTime && head.endTime === endTime) return head;
  // A segment that was never closed: the offset at its start is used for all of it.
  const offsetUs =
    head === undefined ? 0 : head.startUs - trackTicksToUs(head.startTime, timescale);
  const us = (time: number) => Math.round(trackTicksToUs(time, timescale) + offsetUs);
  return { startTime, endTime, startUs: us(startTime), endUs: us(endTime) };
}

/**
 * Converts a media time within a span to the wall clock, integer µs. @param time ticks since the
 * Unix epoch
 */
export function wallClockUs(span: WallClockSpan, time: number): number {
  const { startTime, endTime, startUs, endUs } = span;
  return Math.round(startUs + ((time - startTime) / (endTime - startTime)) * (endUs - startUs));
}
