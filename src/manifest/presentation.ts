import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { SampleAspectRatio } from '../media/picture-size.ts';
import type { DeletedFiles } from './deleted-files.ts';
import type { SegmentTimeline } from './segment-timeline.ts';

/** One track of a Period: an AdaptationSet with one Representation. */
export interface ManifestTrack {
  kind: TrackKind;
  /** Container format of its files. */
  container: ContainerName;
  /** Codecs string (RFC 6381), e.g. `avc1.42e01f` or `opus`. */
  codecs: string;
  /** Ticks per second. */
  timescale: number;
  /** File name of the initialization segment. */
  initialization: string;
  /** Number of the first segment of the timeline. */
  startNumber: number;
  /** Video: size in pixels that pictures are shown in, turned where they have to be. */
  width?: number;
  height?: number;
  /** Video: sample aspect ratio; absent if samples are square. */
  sampleAspectRatio?: SampleAspectRatio;
  /** Audio: number of channels, and the sampling rate in Hz if it differs from the timescale. */
  channels?: number;
  samplingRate?: number;
  /** The segments written so far. */
  timeline: SegmentTimeline;
  /**
   * Total size of the segments in the timeline, bytes; after parsing a manifest, derived from the
   * rounded bandwidth.
   */
  bytes: number;
  /** Where its media time lies on the wall clock, so that what is between may be interpolated. */
  references?: ReferenceTime[];
}

/** An instant in media time and on the wall clock (ISO/IEC 23009-1 §5.12). */
export interface ReferenceTime {
  /** Ticks of the track since the Unix epoch. */
  time: number;
  /** µs since the Unix epoch. */
  us: number;
}

/** An instant in media time: ticks of a timescale since the Unix epoch. */
export interface MediaInstant {
  ticks: number;
  /** Ticks per second. */
  timescale: number;
}

/** A continuous stretch with one codec configuration (ISO/IEC 23009-1 §5.3.2). */
export interface ManifestPeriod {
  /** Unique within the presentation, and the same in every version of the manifest. */
  id: string;
  video?: ManifestTrack;
  audio?: ManifestTrack;
  /** True once no more segments will be added. */
  ended: boolean;
  /**
   * Where it begins if sound in its files reaches further back, because what belonged to it was
   * deleted; players do not play what lies before.
   */
  startsAt?: MediaInstant;
  /** Address of its files, relative to that of the manifest, if they do not lie beside it. */
  baseUrl?: string;
}

/** The recordings of one stream on one UTC day, which one manifest describes. */
export interface Presentation {
  /** UTC midnight of the day folder, µs since the Unix epoch: the availabilityStartTime. */
  dayStartUs: number;
  /** True while segments may still be added. */
  live: boolean;
  /** Target duration of a segment, seconds. */
  segmentSeconds: number;
  /** In chronological order. */
  periods: ManifestPeriod[];
  /** What was deleted of it; absent if nothing was. */
  deleted?: DeletedFiles;
}
