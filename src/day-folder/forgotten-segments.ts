import type { Presentation } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** Segments of a day folder, by the numbers in their names. */
export type SegmentNumbers = Readonly<Record<TrackKind, readonly number[]>>;

/** What follows from taking segments out of a manifest. */
export interface ForgottenSegments {
  /** The manifest names no segment any more. */
  isEmpty: boolean;
  /**
   * Object paths of the initialization segments that no segment needs any more, also those of
   * before, whose deletion may have been interrupted. Some of them may never have existed.
   */
  initializations: string[];
}

/** Names of the initialization segments in use, also by tracks that have no segment yet. */
export function initializationsOf({ periods }: Presentation): Set<string> {
  const tracks = periods.flatMap(({ video, audio }) => [video, audio]);
  return new Set(tracks.flatMap((track) => track?.initialization ?? []));
}
