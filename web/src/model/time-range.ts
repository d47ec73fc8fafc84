/** A stretch of the wall clock, ms since the Unix epoch. */
export interface TimeRange {
  startMs: number;
  endMs: number;
}

const SHORTEST_MS = 1000;
const LONGEST_MS = 32 * 86_400_000;

/** How long a range is, ms. */
export function lengthOf({ startMs, endMs }: TimeRange): number {
  return endMs - startMs;
}

/**
 * A range made shorter or longer around an instant, which stays where it is: from a second to a month.
 * @param factor 2 for twice as long
 */
export function zoomed(range: TimeRange, aroundMs: number, factor: number): TimeRange {
  const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, lengthOf(range) * factor));
  const share = (aroundMs - range.startMs) / lengthOf(range);
  return { startMs: aroundMs - share * length, endMs: aroundMs + (1 - share) * length };
}

/** A range moved. @param ms to later times */
export function moved({ startMs, endMs }: TimeRange, ms: number): TimeRange {
  return { startMs: startMs + ms, endMs: endMs + ms };
}

/** A range of the same length around an instant. */
export function around(range: TimeRange, epochMs: number): TimeRange {
  return moved(range, epochMs - (range.startMs + range.endMs) / 2);
}
