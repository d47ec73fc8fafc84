import type { Ticks } from '../media/media-time.ts';

/** An access unit with its place: what becomes one sample. */
export interface PlacedUnit {
  /** Media time in decoding order, since the Unix epoch once its lane has laid it. */
  start: Ticks;
  /** Where the next one begins. */
  end: Ticks;
  /** True when decoding can start here; always true for audio. */
  keyframe: boolean;
  /** Decoding can start here, although it is no keyframe (ITU-T H.264 §D.2.8). */
  isRecoveryPoint?: boolean;
  /**
   * How much later than `start` it is shown, the track's composition delay included; absent where
   * pictures are not reordered.
   */
  compositionOffset?: Ticks;
  /** What is stored of it. */
  parts: Buffer[];
}
