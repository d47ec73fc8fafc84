import type { PayloadFormat } from '../media/payload-format.ts';
import type { RtpPacket } from '../media/rtp-packet.ts';

/** Size of the original sequence number at the start of a retransmission payload, bytes. */
const OSN_LENGTH = 2;

/** Result of parsing a retransmission packet. */
export type Retransmission = RtpPacket | 'probe' | 'malformed';

/**
 * Restores the original packet from a retransmission packet (RFC 4588 §4): the payload begins with
 * the original sequence number, and the payload type identifies the original one through `apt`.
 *
 * @param packet a packet of the retransmission stream, without padding
 * @param ssrc SSRC of the original stream
 * @param formats the payload types of the section, by number
 * @returns the original packet; 'probe' for a packet without payload, which senders use to measure
 * bandwidth; 'malformed' if the payload type is not a retransmission or the payload is too short
 */
export function restoreRetransmission(
  packet: RtpPacket,
  ssrc: number,
  formats: readonly (PayloadFormat | undefined)[],
): Retransmission {
  const payload = packet.payload;
  if (payload.length === 0) return 'probe';
  const original = formats[packet.payloadType]?.retransmits;
  if (original === undefined || payload.length < OSN_LENGTH) return 'malformed';
  return {
    ssrc,
    payloadType: original,
    sequenceNumber: payload.readUInt16BE(0),
    timestamp: packet.timestamp,
    marker: packet.marker,
    arrivalUs: packet.arrivalUs,
    payload: payload.subarray(OSN_LENGTH),
  };
}
