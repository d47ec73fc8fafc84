import type { TrackKind } from '../media/access-unit.ts';
import type { PeriodReason } from './period-reason.ts';

/** What is known of one durable segment file: one row of the index. */
export interface Segment {
  /** Stream id, as the publisher named it. */
  stream: string;
  kind: TrackKind;
  /** Wall-clock start and end, integer µs since the Unix epoch; end is exclusive. */
  startUs: number;
  endUs: number;
  /** Object path of the segment below the storage root, with `/`. */
  path: string;
  /** Object path of the initialization segment it needs. */
  initPath: string;
  /** True when the first sample is a keyframe. */
  isKeyframe: boolean;
  /** Wall-clock presentation times of its keyframes, integer µs; empty for audio. */
  keyframes: number[];
  /** RFC 6381 codecs string, e.g. `avc1.42e01f` or `opus`. */
  codec: string;
  /** Bytes of the file. */
  size: number;
  /**
   * Why its Period began. Absent where nobody knows: in rows of earlier versions, and of files that
   * had to be taken up after a crash or a lost journal.
   */
  periodReason?: PeriodReason;
}
