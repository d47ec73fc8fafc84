import type { PayloadFormat } from '../media/payload-format.ts';
import type { RtpPacket } from '../media/rtp-packet.ts';

/** Size of the original sequence number at the start of a retransmission payload, bytes. */
const OSN_LENGTH = 2;

/** Result of parsing a retransmission packet. */
export type Retransmission = RtpPacket | 'probe' | 'malformed';

/**
 * The original packet out of a retransmission packet (RFC 4588 §4): the payload begins with the
 * original sequence number, the payload type says through `apt` which one was retransmitted.
 *
 * @param packet a packet of the retransmission stream, padding removed
 * @param ssrc SSRC of the stream that is retransmitted
 * @param formats the payload types of the section, by number
 * @returns the original packet; 'probe' for a packet without payload, as senders use to measure
 *   bandwidth; 'malformed' when the payload type is no retransmission or the payload too short
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
