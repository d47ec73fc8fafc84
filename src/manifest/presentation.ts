import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { SegmentTimeline } from './segment-timeline.ts';

/** One track of a Period: an AdaptationSet with one Representation. */
export interface ManifestTrack {
  kind: TrackKind;
  /** Container format of its files. */
  container: ContainerName;
  /** RFC 6381 codecs string, e.g. `avc1.42e01f` or `opus`. */
  codecs: string;
  /** Ticks a second. */
  timescale: number;
  /** File name of the initialization segment. */
  initialization: string;
  /** Number of the first segment of the timeline. */
  startNumber: number;
  /** Video: size in pixels that pictures are shown in, turned where they have to be. */
  width?: number;
  height?: number;
  /** Audio: channel count, and samples a second where that is not the timescale. */
  channels?: number;
  samplingRate?: number;
  /** What was written so far. */
  timeline: SegmentTimeline;
  /**
   * Bytes of the segments of the timeline; after reading a manifest back only known as far as the
   * rounded bandwidth tells.
   */
  bytes: number;
}

/** One unbroken stretch with one codec configuration (ISO/IEC 23009-1 §5.3.2). */
export interface ManifestPeriod {
  /** Unique within the presentation, and the same in every version of the manifest. */
  id: string;
  video?: ManifestTrack;
  audio?: ManifestTrack;
  /** True once no segment will be added. */
  ended: boolean;
}

/** All that was recorded of one stream on one UTC day: what one manifest describes. */
export interface Presentation {
  /** UTC midnight of the day folder, µs since the Unix epoch: the availabilityStartTime. */
  dayStartUs: number;
  /** True while segments may still be added. */
  live: boolean;
  /** Duration that segments aim at, seconds. */
  segmentSeconds: number;
  /** In the order of time. */
  periods: ManifestPeriod[];
}
