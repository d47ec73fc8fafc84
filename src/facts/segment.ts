import type { TrackKind } from '../media/access-unit.ts';
import type { PeriodReason } from './period-reason.ts';

/** A durable segment file: a row of the index. */
export interface Segment {
  /** Stream id, as the publisher named it. */
  stream: string;
  kind: TrackKind;
  /** Wall-clock start and end, integer µs since the Unix epoch; end is exclusive. */
  startUs: number;
  endUs: number;
  /** Object path of the segment below the storage root, with `/`. */
  path: string;
  /** Object path of its initialization segment. */
  initPath: string;
  /** True if the first sample is a keyframe. */
  isKeyframe: boolean;
  /**
   * Wall-clock presentation times of its keyframes, integer µs since the Unix epoch; empty for
   * audio.
   */
  keyframes: number[];
  /** Codecs string (RFC 6381), e.g. `avc1.42e01f` or `opus`. */
  codec: string;
  /** Size of the file, bytes. */
  size: number;
  /**
   * Why its Period began. Absent if unknown: in rows of earlier versions, and for files that were
   * recovered after a crash or a lost journal.
   */
  periodReason?: PeriodReason;
}
