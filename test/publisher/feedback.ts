/** One item of RTCP that a receiver sent back. */
export type Feedback =
  /** Sequence numbers asked for again (RFC 4585 §6.2.1). */
  | { type: 'nack'; mediaSsrc: number; sequenceNumbers: number[] }
  /** RFC 4585 §6.3.1. */
  | { type: 'pli'; mediaSsrc: number }
  /** RFC 5104 §4.3.1. */
  | { type: 'fir' }
  /** Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
  | { type: 'transport-cc' }
  /** Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03). */
  | { type: 'remb' }
  /** One report block of a receiver or sender report (RFC 3550 §6.4.2). */
  | { type: 'report'; ssrc: number; cumulativeLost: number; highestSequence: number };

/**
 * Reads a compound RTCP packet (RFC 3550 §6.1, RFC 4585 §6.1); kinds that a publisher does not act on
 * are left out.
 */
export function readFeedback(compound: Buffer): Feedback[] {
  const items: Feedback[] = [];
  let offset = 0;
  while (offset + 4 <= compound.length) {
    const length = 4 * (compound.readUInt16BE(offset + 2) + 1);
    const packet = compound.subarray(offset, offset + length);
    const format = packet[0]! & 0x1f;
    switch (packet[1]) {
      case 200:
        readReports(packet, 28, format, items);
        break;
      case 201:
        readReports(packet, 8, format, items);
        break;
      case 205:
        if (format === 1) items.push(readNack(packet));
        if (format === 15) items.push({ type: 'transport-cc' });
        break;
      case 206:
        if (format === 1) items.push({ type: 'pli', mediaSsrc: packet.readUInt32BE(8) });
        if (format === 4) items.push({ type: 'fir' });
        if (format === 15) items.push({ type: 'remb' });
        break;
    }
    offset += length;
  }
  return items;
}

function readReports(packet: Buffer, start: number, count: number, items: Feedback[]): void {
  for (let at = start; at < start + 24 * count; at += 24) {
    items.push({
      type: 'report',
      ssrc: packet.readUInt32BE(at),
      cumulativeLost: packet.readIntBE(at + 5, 3),
      highestSequence: packet.readUInt32BE(at + 8),
    });
  }
}

function readNack(packet: Buffer): Feedback {
  const sequenceNumbers: number[] = [];
  for (let at = 12; at + 4 <= packet.length; at += 4) {
    const first = packet.readUInt16BE(at);
    const following = packet.readUInt16BE(at + 2);
    sequenceNumbers.push(first);
    for (let bit = 0; bit < 16; bit++) {
      if (following & (1 << bit)) sequenceNumbers.push((first + bit + 1) & 0xffff);
    }
  }
  return { type: 'nack', mediaSsrc: packet.readUInt32BE(8), sequenceNumbers };
}
