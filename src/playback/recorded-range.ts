import type { PeriodReason } from '../facts/period-reason.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';

/** A segment within a range. */
export interface RangeSegment {
  /** Object path. */
  path: string;
  /** Its number in the file's name. */
  number: number;
  /** Media time of its start, as in the file: ticks of the track since the Unix epoch. */
  startTime: number;
  /** Ticks of the track. */
  duration: number;
  /** The same on the wall clock, µs since the Unix epoch; end exclusive. */
  startUs: number;
  endUs: number;
  /** Bytes. */
  size: number;
  /** Whether it begins with a keyframe; true for audio. */
  isKeyframe: boolean;
  /** Wall-clock times of its keyframes, µs since the Unix epoch; empty for audio. */
  keyframes: readonly number[];
}

/** What describes the segments of a track in a Period. */
export type RangeTrackFormat = Pick<
  ManifestTrack,
  'kind' | 'container' | 'codecs' | 'timescale' | 'width' | 'height' | 'channels' | 'samplingRate'
>;

/** A track of a Period within a range: segments that follow each other without a hole. */
export interface RangeTrack extends RangeTrackFormat {
  /** Object path of the initialization segment. */
  initPath: string;
  /** At least one; numbers and media times go on from one to the next. */
  segments: RangeSegment[];
}

/**
 * An unbroken stretch of a range: a Period of a recorded presentation or, where segments of it are gone,
 * what lies between two holes. In it the clock and the codec configuration stay the same.
 */
export interface RangePeriod {
  /** Unique within the stream, and the same in each answer for the same start. */
  id: string;
  /** Object path of its day folder. */
  folder: string;
  /** Wall clock of the first and the last sample of any track, µs since the Unix epoch. */
  startUs: number;
  endUs: number;
  /** Why it began, if that is known and its beginning is within the range. */
  reason: PeriodReason | undefined;
  /** At least one of the two is there. */
  video?: RangeTrack;
  audio?: RangeTrack;
}

/** What is recorded of a stream in a range. */
export interface RecordedRange {
  stream: string;
  /** As asked for, µs since the Unix epoch. */
  startUs: number;
  endUs: number | undefined;
  /** In the order of time; empty where there is nothing. */
  periods: RangePeriod[];
  /** Object paths of day folders in which there are segments of the range, but no manifest that can be read. */
  unreadable: string[];
}

/** What is left out of a range because its manifest cannot be read, in words; undefined for nothing. */
export function leftOut({ unreadable }: RecordedRange): string | undefined {
  if (unreadable.length === 0) return undefined;
  return `what is recorded in ${unreadable.join(', ')} is left out, since its manifest is missing or damaged; see what "verify" and "repair" say of it`;
}

/** The tracks that a Period has. */
export function tracksOf({ video, audio }: RangePeriod): RangeTrack[] {
  return [video, audio].filter((track) => track !== undefined);
}

/** Whether each of its segments begins with a keyframe, so that each can be decoded without the others. */
export function isIndependent({ video }: RangePeriod): boolean {
  return video?.segments.every(({ isKeyframe }) => isKeyframe) ?? true;
}
