/** One sample of a track: an access unit with its place on the media timeline. */
export interface Sample {
  /**
   * Decode time, ticks at the track's timescale since the Unix epoch, an integer up to 2^53. Decode
   * times are the presentation times in rising order, so both cover the same stretch of time.
   */
  time: number;
  /** Ticks at the track's timescale, below 2^32. */
  duration: number;
  /**
   * How much later than its decode time a picture is shown, ticks of 32 bits with sign; in a track
   * with a composition delay, that delay included. Absent where pictures are not reordered.
   */
  compositionOffset?: number;
  /** True when decoding can start here; always true for audio. */
  keyframe: boolean;
  /**
   * True where decoding can start although the picture is no keyframe, so that what is shown is whole
   * only some pictures later. Such a sample is no sync sample (ISO/IEC 14496-12 §8.6.2).
   */
  isRecoveryPoint?: boolean;
  /**
   * What is written, in order: as the codec made it of an access unit, without length prefixes (H264:
   * without parameter sets and access unit delimiters, too).
   */
  parts: Buffer[];
}
