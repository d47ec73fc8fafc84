/** A sample of a track: an access unit with its place on the media timeline. */
export interface Sample {
  /**
   * Decoding time in ticks of the track's timescale since the Unix epoch, an integer up to 2^53.
   * Decoding times are the presentation times in ascending order, so both cover the same range.
   */
  time: number;
  /** In ticks of the track's timescale, below 2^32. */
  duration: number;
  /**
   * Presentation time minus decoding time, ticks, signed 32 bits, including the composition delay
   * of the track if it has one. Absent without reordering.
   */
  compositionOffset?: number;
  /** True if decoding can start here; always true for audio. */
  keyframe: boolean;
  /**
   * True if decoding can start here although the picture is not a keyframe, so that the picture is
   * complete only some pictures later. Such a sample is not a sync sample (ISO/IEC 14496-12
   * §8.6.2).
   */
  isRecoveryPoint?: boolean;
  /**
   * The bytes to write, in order: as produced by the codec, without length prefixes (H264: also
   * without parameter sets and access unit delimiters).
   */
  parts: Buffer[];
}
