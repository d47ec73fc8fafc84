import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';

/** All sessions of the thread decrypt into the same memory, so that one payload at a time is lent. */
let lent: RtpPacket | undefined;

/** Lends the payload that was decrypted last, until {@link endLoan}: see {@link RtpPacket}. */
export function lend(packet: RtpPacket): void {
  lent = packet;
}

/** The packet was passed on. */
export function endLoan(): void {
  lent = undefined;
}

/**
 * Call it before a packet is decrypted. One that is still being passed on keeps its payload then: a picture that it
 * ended may have ended a session, which takes what had arrived for it before.
 */
export function keepLent(): void {
  if (lent === undefined) return;
  keepPayload(lent);
  lent = undefined;
}
