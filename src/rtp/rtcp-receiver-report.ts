import { REPORT_BLOCK_BYTES, type ReportBlock, writeReportBlock } from './rtcp-report-block.ts';

const RECEIVER_REPORT_TYPE = 201;
const SOURCE_DESCRIPTION_TYPE = 202;
const CANONICAL_NAME_ITEM = 1;
/** The count field has 5 bits (RFC 3550 §6.4.2). */
const MAXIMUM_BLOCKS = 31;

/**
 * Builds a receiver report (RFC 3550 §6.4.2). Without blocks it is the required first packet of a
 * compound packet with feedback (RFC 4585 §3.1).
 *
 * @param senderSsrc our own SSRC
 * @param blocks at most 31 are written
 */
export function buildReceiverReport(senderSsrc: number, blocks: readonly ReportBlock[]): Buffer {
  const count = Math.min(blocks.length, MAXIMUM_BLOCKS);
  const packet = Buffer.alloc(8 + count * REPORT_BLOCK_BYTES);
  packet[0] = 0x80 | count;
  packet[1] = RECEIVER_REPORT_TYPE;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  for (let position = 0; position < count; position++) {
    writeReportBlock(packet, 8 + position * REPORT_BLOCK_BYTES, blocks[position]!);
  }
  return packet;
}

/**
 * Builds a source description with only the canonical name, which every regular compound packet
 * must contain (RFC 3550 §6.5, §6.1).
 *
 * @param senderSsrc our own SSRC
 * @param canonicalName at most 255 bytes of UTF-8
 * @throws RangeError if the name is longer
 */
export function buildSourceDescription(senderSsrc: number, canonicalName: string): Buffer {
  const name = Buffer.from(canonicalName);
  if (name.length > 255) {
    throw new RangeError(`canonicalName must have at most 255 bytes, got ${name.length}`);
  }
  // The list of items ends with at least one zero byte and is padded to a multiple of four bytes.
  const itemsBytes = Math.ceil((2 + name.length + 1) / 4) * 4;
  const packet = Buffer.alloc(8 + itemsBytes);
  packet[0] = 0x81;
  packet[1] = SOURCE_DESCRIPTION_TYPE;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  packet[8] = CANONICAL_NAME_ITEM;
  packet[9] = name.length;
  name.copy(packet, 10);
  return packet;
}
