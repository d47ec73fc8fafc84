import type { Ticks } from '../media/media-time.ts';

/** An access unit with its place, which becomes a sample. */
export interface PlacedUnit {
  /** Media time in decoding order; since the Unix epoch once its lane has laid it. */
  start: Ticks;
  /** Start of the next one. */
  end: Ticks;
  /** True if decoding can start here; always true for audio. */
  keyframe: boolean;
  /** Decoding can start here although it is not a keyframe (ITU-T H.264 §D.2.8). */
  isRecoveryPoint?: boolean;
  /**
   * Presentation time minus `start`, including the track's composition delay; absent without
   * reordering.
   */
  compositionOffset?: Ticks;
  /** The bytes to store. */
  parts: Buffer[];
}
