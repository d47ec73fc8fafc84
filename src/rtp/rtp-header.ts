const FIXED_BYTES = 12;

/**
 * The header of an RTP packet (RFC 3550 §5.1, §5.3.1). One instance is reused for all packets, to
 * avoid an allocation per packet.
 */
export class RtpHeader {
  /** The payload ends in padding, whose last byte is its length. */
  padding = false;
  marker = false;
  /** 0–127. */
  payloadType = 0;
  /** 16 bits. */
  sequenceNumber = 0;
  /** 32 bits. */
  timestamp = 0;
  ssrc = 0;
  /** Length of the whole header, bytes: the offset of the payload. */
  bytes = 0;
  /** The 16 bits "defined by profile" of the header extension; 0 without an extension. */
  extensionProfile = 0;
  /**
   * Offset of the extension's data, after its own 4-byte header. Equal to the end without an
   * extension.
   */
  extensionStart = 0;
  /** Offset of the end of the extension's data. */
  extensionEnd = 0;

  /**
   * Parses the header of `datagram`.
   *
   * @param limit number of bytes for header and payload, without an SRTP tag
   * @returns false if this is not an RTP version 2 packet or its header exceeds `limit`; the fields
   * are then undefined
   */
  parse(datagram: Buffer, limit: number): boolean {
    if (limit < FIXED_BYTES || limit > datagram.length) return false;
    const first = datagram[0]!;
    if (first >>> 6 !== 2) return false;
    const contributingSources = first & 0x0f;
    let end = FIXED_BYTES + contributingSources * 4;
    this.extensionProfile = 0;
    this.extensionStart = end;
    this.extensionEnd = end;
    if ((first & 0x10) !== 0) {
      if (end + 4 > limit) return false;
      this.extensionProfile = datagram.readUInt16BE(end);
      const words = datagram.readUInt16BE(end + 2);
      this.extensionStart = end + 4;
      end += 4 + words * 4;
      this.extensionEnd = end;
    }
    if (end > limit) return false;
    this.bytes = end;
    this.padding = (first & 0x20) !== 0;
    const second = datagram[1]!;
    this.marker = (second & 0x80) !== 0;
    this.payloadType = second & 0x7f;
    this.sequenceNumber = datagram.readUInt16BE(2);
    this.timestamp = datagram.readUInt32BE(4);
    this.ssrc = datagram.readUInt32BE(8);
    return true;
  }

  /**
   * Length of a decrypted payload without its padding (RFC 3550 §5.1), bytes; 0 for a packet with
   * only padding, which congestion control sends as a probe; -1 if the padding length exceeds the
   * payload or is 0.
   */
  payloadLength(payload: Buffer): number {
    if (!this.padding) return payload.length;
    if (payload.length === 0) return -1;
    const padding = payload[payload.length - 1]!;
    return padding === 0 || padding > payload.length ? -1 : payload.length - padding;
  }
}
