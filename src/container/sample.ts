/** One sample of a track: an access unit with its place on the media timeline. */
export interface Sample {
  /**
   * Decode time, which is also the presentation time (WebRTC does not reorder pictures): ticks at
   * the track's timescale since the Unix epoch, an integer up to 2^53.
   */
  time: number;
  /** Ticks at the track's timescale, below 2^32. */
  duration: number;
  /** True when decoding can start here; always true for audio. */
  keyframe: boolean;
  /**
   * H264: NAL units without start codes or length prefixes, parameter sets and access unit
   * delimiters already removed. Opus: one packet.
   */
  parts: Buffer[];
}
