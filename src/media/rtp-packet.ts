import type { PictureOrientation } from './picture-orientation.ts';

/** An RTP packet after authentication and decryption (RFC 3550 §5.1). */
export interface RtpPacket {
  ssrc: number;
  /** 0–127. */
  payloadType: number;
  /** 16 bits, as received. */
  sequenceNumber: number;
  /** 32 bits, as received. */
  timestamp: number;
  marker: boolean;
  /** When the datagram arrived, µs since the Unix epoch on the steady clock. */
  arrivalUs: number;
  /** Payload without padding; a view into a slab, which the receiver may keep. */
  payload: Buffer;
  /** The last packet of a picture may say how it is to be shown; absent where nothing is said. */
  orientation?: PictureOrientation;
}
