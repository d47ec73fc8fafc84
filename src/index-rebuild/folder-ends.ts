import type { RecordFacts } from '../facts/record-facts.ts';
import { folderOf } from '../layout/object-path.ts';
import type { FolderSummary } from '../segment-index/segment-index.ts';

/**
 * Looks up when the last segment in the folder of a record ends, µs since the Unix epoch, in the
 * segment index; undefined if the folder has no segment.
 */
export function folderEnds(
  folders: readonly FolderSummary[],
): (record: RecordFacts) => number | undefined {
  const ends = new Map<string, number>();
  for (const { stream, folder, endUs } of folders) ends.set(`${folder}\0${stream}`, endUs);
  return ({ stream, mpdPath }) => {
    return ends.get(`${folderOf(mpdPath)}\0${stream}`);
  };
}
