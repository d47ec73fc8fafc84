/** Content of a feedback message; see `buildTransportCcPacket`. */
export interface TransportCcReport {
  /** Our own SSRC. */
  senderSsrc: number;
  /** Any stream of the transport. */
  mediaSsrc: number;
  /** 8 bits, incremented with every feedback message of the transport. */
  feedbackCount: number;
  /** Sequence number of the first packet covered, received or not; the low 16 bits are written. */
  base: number;
  /**
   * The received packets in ascending order, from `base` on, at most 65,535 beyond it; at least
   * one.
   */
  sequences: Float64Array;
  /** Their arrival times in units of 250 µs; consecutive ones differ by at most 2^15. */
  ticks: Float64Array;
}

const HEAD_BYTES = 20;
const TICKS_PER_REFERENCE = 256;
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
const LONGEST_RUN = 0x1fff;

/**
 * Builds a transport-wide congestion control feedback message
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). Packets between `base` and the last
 * received one that are not in `sequences` are reported missing. The message may end in padding, so
 * it must be the last of a compound packet (RFC 3550 §6.4.1).
 */
export function buildTransportCcPacket(report: TransportCcReport): Buffer {
  const { base, sequences, ticks } = report;
  const received = sequences.length;
  const statusCount = sequences[received - 1]! - base + 1;
  const reference = Math.floor(ticks[0]! / TICKS_PER_REFERENCE);

  const statuses = new Uint8Array(statusCount);
  let deltaBytes = 0;
  let before = reference * TICKS_PER_REFERENCE;
  for (let position = 0; position < received; position++) {
    const delta = ticks[position]! - before;
    before = ticks[position]!;
    const status = delta >= 0 && delta <= 0xff ? SMALL_DELTA : LARGE_DELTA;
    statuses[sequences[position]! - base] = status;
    deltaBytes += status;
  }
  const chunks = statusChunks(statuses);

  const unpadded = HEAD_BYTES + chunks.length * 2 + deltaBytes;
  const packet = Buffer.alloc(Math.ceil(unpadded / 4) * 4);
  packet[0] = 0x80 | 15;
  if (packet.length > unpadded) {
    packet[0] |= 0x20;
    packet[packet.length - 1] = packet.length - unpadded;
  }
  packet[1] = 205;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(report.senderSsrc, 4);
  packet.writeUInt32BE(report.mediaSsrc, 8);
  packet.writeUInt16BE(base % 0x10000, 12);
  packet.writeUInt16BE(statusCount, 14);
  packet.writeUIntBE(reference % 0x1000000, 16, 3);
  packet[19] = report.feedbackCount;

  let offset = HEAD_BYTES;
  for (const chunk of chunks) offset = packet.writeUInt16BE(chunk, offset);
  before = reference * TICKS_PER_REFERENCE;
  for (let position = 0; position < received; position++) {
    const delta = ticks[position]! - before;
    before = ticks[position]!;
    const small = statuses[sequences[position]! - base] === SMALL_DELTA;
    offset = small ? packet.writeUInt8(delta, offset) : packet.writeInt16BE(delta, offset);
  }
  return packet;
}

/**
 * Encodes statuses as chunks of 16 bits: runs (§3.1.3), vectors of 14 one-bit or 7 two-bit symbols
 * (§3.1.4), whichever covers most at each point.
 */
function statusChunks(statuses: Uint8Array): number[] {
  const chunks: number[] = [];
  let start = 0;
  while (start < statuses.length) {
    const run = runLength(statuses, start);
    const toTheEnd = start + run === statuses.length;
    const oneBit = !statuses.subarray(start, start + 14).includes(LARGE_DELTA);
    if (toTheEnd || run >= 14 || (run >= 7 && !oneBit)) {
      chunks.push((statuses[start]! << 13) | run);
      start += run;
    } else if (oneBit) {
      chunks.push(0x8000 | symbols(statuses, start, 14, 1));
      start += 14;
    } else {
      chunks.push(0xc000 | symbols(statuses, start, 7, 2));
      start += 7;
    }
  }
  return chunks;
}

function runLength(statuses: Uint8Array, start: number): number {
  const limit = Math.min(statuses.length, start + LONGEST_RUN);
  let end = start + 1;
  while (end < limit && statuses[end] === statuses[start]) end++;
  return end - start;
}

/** `count` symbols of `bits` bits, the first in the highest bits; missing ones are 0. */
function symbols(statuses: Uint8Array, start: number, count: number, bits: number): number {
  let packed = 0;
  for (let position = start; position < start + count; position++) {
    packed = (packed << bits) | (statuses[position] ?? NOT_RECEIVED);
  }
  return packed;
}
