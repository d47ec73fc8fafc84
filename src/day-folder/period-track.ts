import type { ManifestTrack } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** The description of a track in the manifest without its segments. */
export type TrackDescription = Pick<
  ManifestTrack,
  | 'container'
  | 'codecs'
  | 'timescale'
  | 'width'
  | 'height'
  | 'sampleAspectRatio'
  | 'channels'
  | 'samplingRate'
>;

/** Converts the times in a track's files to wall-clock time. */
export interface FileClock {
  /** Integer µs since the Unix epoch. @param time as in the file, ticks since the Unix epoch */
  us(time: number): number;
}

/** A track of a Period in a day folder. */
export interface PeriodTrack {
  readonly kind: TrackKind;
  readonly periodId: string;
  /** Its entry in the manifest. */
  readonly entry: ManifestTrack;
  /** Maps its media time to the wall clock. */
  readonly wallClock: FileClock;
  /** Number of the last claimed segment; undefined before the first. */
  lastNumber: number | undefined;
}
