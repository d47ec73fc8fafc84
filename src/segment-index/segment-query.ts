import type { Segment } from '../facts/segment.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** Selects segments; absent properties do not restrict the selection. */
export interface SegmentQuery {
  stream?: string | undefined;
  kind?: TrackKind | undefined;
  /** Only segments with a greater `created_at`, µs. */
  sinceTs?: number | undefined;
  /** At most this number of segments. */
  limit: number;
  /** Only segments that end after this, µs since the Unix epoch. */
  startUs?: number | undefined;
  /**
   * Only segments that start before this, µs since the Unix epoch. If equal to startUs, the
   * segments at that instant.
   */
  endUs?: number | undefined;
}

/** The time range of a query as [fromUs, toUs), infinite without a bound. */
export function queryRange(query: SegmentQuery): { fromUs: number; toUs: number } {
  const fromUs = query.startUs ?? Number.NEGATIVE_INFINITY;
  const toUs = query.endUs ?? Number.POSITIVE_INFINITY;
  // Times are integer µs, so the instant t is [t, t + 1).
  return { fromUs, toUs: toUs === fromUs ? toUs + 1 : toUs };
}

/** Whether a query selects a segment, regardless of the limit. */
export function matches(query: SegmentQuery, createdAt: number, segment: Segment): boolean {
  const { fromUs, toUs } = queryRange(query);
  return (
    createdAt > (query.sinceTs ?? 0) &&
    (query.stream === undefined || query.stream === segment.stream) &&
    (query.kind === undefined || query.kind === segment.kind) &&
    segment.startUs < toUs &&
    segment.endUs > fromUs
  );
}
