import { segmentName } from '../layout/file-names.ts';
import { objectPath } from '../layout/object-path.ts';
import type { ManifestTrack, Presentation } from '../manifest/presentation.ts';

/** A segment in a manifest. */
export interface NamedSegment {
  /** The entry of its track. */
  entry: ManifestTrack;
  name: string;
}

/**
 * The segments in a folder's manifest that the index lacks, in order. The index receives the
 * segments of a folder in that order, so for each kind these are the last ones.
 * @param folder object path of the folder
 * @param isKnown whether the index has a segment, by its object path
 */
export function untoldSegments(
  presentation: Presentation,
  folder: string,
  isKnown: (path: string) => boolean,
): NamedSegment[] {
  return (['video', 'audio'] as const).flatMap((kind) => {
    const untold: NamedSegment[] = [];
    for (const period of presentation.periods.toReversed()) {
      const entry = period[kind];
      if (entry === undefined) continue;
      for (let i = entry.timeline.count - 1; i >= 0; i--) {
        const name = segmentName(kind, entry.startNumber + i, entry.container);
        if (isKnown(objectPath(folder, name))) return untold.reverse();
        untold.push({ entry, name });
      }
    }
    return untold.reverse();
  });
}
