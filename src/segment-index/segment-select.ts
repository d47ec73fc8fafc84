import type { SegmentColumns } from './segment-columns.ts';
import { queryRange, type SegmentQuery } from './segment-query.ts';
import type { TrackRows } from './track-rows.ts';

/**
 * The first matching rows of all streams in the order of `created_at`, at most `limit`. Skips whole
 * chunks that cannot contain a match.
 */
export function selectFromAll(
  columns: SegmentColumns,
  query: SegmentQuery,
  limit: number,
): number[] {
  const { fromUs, toUs } = queryRange(query);
  const { kind } = query;
  const since = query.sinceTs ?? 0;
  const { chunks } = columns;
  const rows: number[] = [];
  for (let index = columns.firstChunkAfter(since); index < chunks.length; index++) {
    const chunk = chunks[index]!;
    const candidates =
      kind === undefined ? chunk.live : kind === 'audio' ? chunk.liveAudio : chunk.liveVideo;
    if (candidates === 0 || chunk.minStartUs >= toUs || chunk.maxEndUs <= fromUs) continue;
    for (let at = columns.firstRowAfter(chunk, since); at < chunk.rows; at++) {
      if (chunk.startUs[at]! >= toUs || chunk.endUs(at) <= fromUs || chunk.isDropped(at)) continue;
      if (kind !== undefined && chunk.kind(at) !== kind) continue;
      if (rows.length === limit) return rows;
      rows.push(chunk.base + at);
    }
  }
  return rows;
}

/**
 * The first rows of these tracks that match in time, in the order of `created_at`, at most `limit`.
 */
export function selectFromTracks(
  tracks: readonly TrackRows[],
  query: SegmentQuery,
  limit: number,
): number[] {
  const { fromUs, toUs } = queryRange(query);
  const places = tracks.map((track) =>
    track.nextOverlap(track.firstAfter(query.sinceTs ?? 0), fromUs, toUs),
  );
  const rows: number[] = [];
  while (rows.length < limit) {
    let first = -1;
    let row = Number.POSITIVE_INFINITY;
    for (let index = 0; index < tracks.length; index++) {
      const place = places[index]!;
      if (place < tracks[index]!.length && tracks[index]!.row(place) < row) {
        first = index;
        row = tracks[index]!.row(place);
      }
    }
    if (first < 0) break;
    rows.push(row);
    places[first] = tracks[first]!.nextOverlap(places[first]! + 1, fromUs, toUs);
  }
  return rows;
}
