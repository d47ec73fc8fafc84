import type { Segment } from '../facts/segment.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** Which segments are asked for; what is left out does not restrict. */
export interface SegmentQuery {
  stream?: string | undefined;
  kind?: TrackKind | undefined;
  /** Only segments with `created_at` beyond this, µs. */
  sinceTs?: number | undefined;
  /** At most this number of segments. */
  limit: number;
  /** Only segments that end after this, µs since the Unix epoch. */
  startUs?: number | undefined;
  /** Only segments that start before this, µs since the Unix epoch. Equal to startUs it asks for the segments at that instant. */
  endUs?: number | undefined;
}

/** The time range of a query as [fromUs, toUs), infinite where it has no bound. */
export function queryRange(query: SegmentQuery): { fromUs: number; toUs: number } {
  const fromUs = query.startUs ?? Number.NEGATIVE_INFINITY;
  const toUs = query.endUs ?? Number.POSITIVE_INFINITY;
  // Times are whole µs: the instant t is [t, t + 1).
  return { fromUs, toUs: toUs === fromUs ? toUs + 1 : toUs };
}

/** Whether a segment is one of those asked for, without regard to the limit. */
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
