/** A sender report (RFC 3550 §6.4.1), without report blocks, because we send no media. */
export interface RtcpSenderReport {
  type: 'sender report';
  ssrc: number;
  /**
   * NTP time: seconds since 1900, 32 bits. If seconds and fraction are 0, the sender has no wall
   * clock.
   */
  ntpSeconds: number;
  /** NTP time: 1/2^32 s, 32 bits. */
  ntpFraction: number;
  /** The same instant on the RTP clock of the stream, 32 bits. */
  rtpTimestamp: number;
}

/** A BYE (RFC 3550 §6.6): these sources stop sending. */
export interface RtcpGoodbye {
  type: 'goodbye';
  ssrcs: number[];
}

const SENDER_REPORT_TYPE = 200;
const GOODBYE_TYPE = 203;
const HEADER_BYTES = 4;

/**
 * Parses a decrypted compound packet (RFC 3550 §6.1, §A.2) or one of reduced size (RFC 5506). Types
 * without information for a receiver (receiver reports, source descriptions, feedback, unknown
 * types) are skipped.
 *
 * @returns the messages in order; undefined if any packet is malformed
 */
export function parseRtcpCompound(packet: Buffer): (RtcpSenderReport | RtcpGoodbye)[] | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const messages: (RtcpSenderReport | RtcpGoodbye)[] = [];
  let offset = 0;
  while (offset < packet.length) {
    if (offset + HEADER_BYTES > packet.length) return undefined;
    const first = packet[offset]!;
    if (first >>> 6 !== 2) return undefined;
    const count = first & 0x1f;
    const end = offset + HEADER_BYTES + packet.readUInt16BE(offset + 2) * 4;
    if (end > packet.length) return undefined;
    const type = packet[offset + 1]!;
    if (type === SENDER_REPORT_TYPE) {
      if (offset + 28 + count * 24 > end) return undefined;
      messages.push({
        type: 'sender report',
        ssrc: packet.readUInt32BE(offset + 4),
        ntpSeconds: packet.readUInt32BE(offset + 8),
        ntpFraction: packet.readUInt32BE(offset + 12),
        rtpTimestamp: packet.readUInt32BE(offset + 16),
      });
    } else if (type === GOODBYE_TYPE) {
      if (offset + HEADER_BYTES + count * 4 > end) return undefined;
      const ssrcs: number[] = [];
      for (let position = 0; position < count; position++) {
        ssrcs.push(packet.readUInt32BE(offset + HEADER_BYTES + position * 4));
      }
      messages.push({ type: 'goodbye', ssrcs });
    }
    offset = end;
  }
  return messages;
}

/**
 * Tells RTCP from RTP on the same port (RFC 5761 §4): the second byte is an RTCP packet type, and no RTP
 * payload type with a marker.
 */
export function isRtcp(datagram: Buffer): boolean {
  const type = datagram[1] ?? 0;
  return type >= 192 && type <= 223;
}
