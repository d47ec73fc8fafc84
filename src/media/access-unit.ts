import type { PictureOrientation } from './picture-orientation.ts';

/** Kind of media of a track. */
export type TrackKind = 'video' | 'audio';

/**
 * The data that a decoder takes at one instant: for video all coded data of a picture (RFC 6184
 * §3), for audio a packet of the codec (RFC 7587 §4.2).
 */
export interface AccessUnit {
  /** Name of the codec, as in the payload format. */
  codec: string;
  /** RTP timestamp as received: 32 bits, in ticks of the track's clock rate; wraps. */
  rtpTimestamp: number;
  /** When the first packet of the unit arrived, µs since the Unix epoch on the steady clock. */
  arrivalUs: number;
  /** True if decoding can start here (H264: an IDR picture). Always true for audio. */
  keyframe: boolean;
  /**
   * True if media was lost between the previous unit and this one, so that this unit, and those
   * that refer to it, may not decode correctly unless it is a keyframe.
   */
  discontinuity: boolean;
  /**
   * True for a picture that comes larger as well, which was left out: it can begin at a keyframe alone,
   * which is wanted.
   */
  isReduced?: boolean;
  /** How a picture is to be shown; absent for one that is upright as it is decoded. */
  orientation?: PictureOrientation;
  /**
   * The payload in decoding order. H264: NAL units without start codes and without length prefix;
   * audio: one packet. The buffers are views into slabs; the receiver of the unit may keep them.
   */
  parts: Buffer[];
}
