import type { PictureOrientation } from './picture-orientation.ts';
import type { Slab } from './slab.ts';

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
  /** Payload without padding. If it is lent, whoever keeps it calls {@link keepPayload} before. */
  payload: Buffer;
  /**
   * Set if the payload is lent: valid until the call ends that passes the packet on. Read it from the packet again
   * after a call that may pass on another packet, which has it kept. It is the memory for a copy.
   */
  lentFrom?: Slab | undefined;
  /** The last packet of a picture may say how it is to be shown; absent where nothing is said. */
  orientation?: PictureOrientation;
}

/** Copies the payload of a packet if it is lent, so that it stays. */
export function keepPayload(packet: RtpPacket): void {
  const { lentFrom, payload } = packet;
  if (lentFrom === undefined) return;
  const kept = lentFrom.take(payload.length);
  payload.copy(kept);
  packet.payload = kept;
  packet.lentFrom = undefined;
}
