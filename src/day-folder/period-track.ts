import type { ManifestTrack } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** What describes a track in the manifest, besides its segments. */
export type TrackDescription = Pick<
  ManifestTrack,
  'container' | 'codecs' | 'timescale' | 'width' | 'height' | 'channels' | 'samplingRate'
>;

/** Tells where the times in a track's files lie on our wall clock. */
export interface FileClock {
  /** Integer µs since the Unix epoch. @param time as in the file, ticks since the Unix epoch */
  us(time: number): number;
}

/** One track of one Period as the folder knows it. */
export interface PeriodTrack {
  readonly kind: TrackKind;
  readonly periodId: string;
  /** Its entry in the manifest. */
  readonly entry: ManifestTrack;
  /** Where its media time lies on our wall clock. */
  readonly wallClock: FileClock;
  /** Number of the segment claimed last; undefined before the first. */
  lastNumber: number | undefined;
}
