import { join } from 'node:path';
import { type SegmentRow, segmentPage } from './recorder-client.ts';

/** The segments of a track that follow one initialization segment, as the index lists them. */
export interface IndexedTrack {
  kind: 'video' | 'audio';
  /** Paths of files: the initialization segment, then the segments behind it. */
  files: string[];
  /** Their rows, in the order of time. */
  rows: SegmentRow[];
}

/**
 * All that the index says of a stream.
 * @param url base address of the service
 * @param root its storage root
 */
export async function indexedTracks(
  url: string,
  root: string,
  stream: string,
): Promise<IndexedTrack[]> {
  const { segments, has_more: hasMore } = await segmentPage(url, { stream, limit: 1000 });
  if (hasMore) throw new Error(`more than a page of segments of ${stream}`);
  const tracks = Map.groupBy(segments, (row) => row.init_path);
  return [...tracks].map(([init, rows]) => ({
    kind: rows[0]!.kind,
    files: [init, ...rows.map((row) => row.path)].map((path) => join(root, path)),
    rows,
  }));
}
