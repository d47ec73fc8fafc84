/** What kind of media a track carries. */
export type TrackKind = 'video' | 'audio';

/**
 * One access unit: what a decoder takes at one instant. For video all the NAL units of one picture
 * (RFC 6184 §3), for audio one Opus packet (RFC 7587 §4.2).
 */
export interface AccessUnit {
  /** RTP timestamp as received: 32 bits, in ticks of the track's clock rate; wraps. */
  rtpTimestamp: number;
  /** When the first packet of the unit arrived: µs since the Unix epoch, on our steady clock. */
  arrivalUs: number;
  /** True when decoding can start here (H264: an IDR picture). Always true for audio. */
  keyframe: boolean;
  /**
   * True when media was lost between the unit before and this one, so that this unit (and what
   * refers to it) may not decode cleanly unless it is a keyframe.
   */
  discontinuity: boolean;
  /**
   * The payload: NAL units without start codes and without length prefix, in decoding order, or the
   * one Opus packet. The buffers are views into slabs; the receiver of the unit may keep them.
   */
  parts: Buffer[];
}
