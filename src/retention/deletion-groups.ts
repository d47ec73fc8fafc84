import { folderOf } from '../layout/object-path.ts';
import type { ListedSegment } from '../segment-index/segment-index.ts';

/**
 * Segments of a stream that are deleted together: pictures from a keyframe to the next with which a
 * segment begins, and the sound that ends with them. So what remains begins with a picture that can
 * be decoded, and sound is there from it on.
 */
export interface DeletionGroup {
  stream: string;
  /** Object path of their day folder. */
  folder: string;
  /** µs since the Unix epoch, end exclusive. */
  startUs: number;
  endUs: number;
  bytes: number;
  segments: ListedSegment[];
}

/** Groups segments of one stream; the oldest group comes first. */
export function deletionGroups(rows: readonly ListedSegment[]): DeletionGroup[] {
  const groups: DeletionGroup[] = [];
  for (const [folder, own] of Map.groupBy(rows, ({ segment }) => folderOf(segment.path))) {
    groups.push(...groupsOf(folder, own));
  }
  return groups.sort((a, b) => a.endUs - b.endUs || a.startUs - b.startUs);
}

function groupsOf(folder: string, rows: readonly ListedSegment[]): DeletionGroup[] {
  const sorted = rows.toSorted((a, b) => a.segment.startUs - b.segment.startUs);
  const pictures: DeletionGroup[] = [];
  for (const row of sorted) {
    const { kind, isKeyframe, startUs } = row.segment;
    if (kind !== 'video') continue;
    const last = pictures.at(-1);
    if (last !== undefined && !isKeyframe && startUs <= last.endUs) add(last, row);
    else pictures.push(groupOf(folder, row));
  }
  const sounds: DeletionGroup[] = [];
  // Where the pictures of each group end, before sound is added.
  const ends = pictures.map(({ endUs }) => endUs);
  let at = 0;
  for (const row of sorted.filter(({ segment }) => segment.kind === 'audio')) {
    const { startUs, endUs } = row.segment;
    // The last group that begins before the sound ends.
    while (at + 1 < pictures.length && pictures[at + 1]!.startUs < endUs) at++;
    const group = pictures[at];
    const isBeside = group !== undefined && group.startUs < endUs && ends[at]! > startUs;
    if (isBeside) add(group, row);
    else sounds.push(groupOf(folder, row));
  }
  return [...pictures, ...sounds];
}

function groupOf(folder: string, row: ListedSegment): DeletionGroup {
  const { stream, startUs, endUs, size } = row.segment;
  return { stream, folder, startUs, endUs, bytes: size, segments: [row] };
}

function add(group: DeletionGroup, row: ListedSegment): void {
  const { startUs, endUs, size } = row.segment;
  group.startUs = Math.min(group.startUs, startUs);
  group.endUs = Math.max(group.endUs, endUs);
  group.bytes += size;
  group.segments.push(row);
}
