/** A block of a payload with redundancy. */
export interface RedundantBlock {
  /** 0–127, the format of `payload`. */
  payloadType: number;
  /**
   * How much earlier than the packet its timestamp is, ticks: 0 to 16,383; 0 for the last block.
   */
  offset: number;
  /** A view of the packet's payload. */
  payload: Buffer;
}

/** Size of a block's header, except that of the last block, which has one byte. */
const HEADER_BYTES = 4;

/**
 * Splits the payload of a packet that repeats payloads of earlier packets (RFC 2198 §3).
 * @returns the blocks, oldest first; the last one is the packet's own. Undefined if the payload is
 * malformed
 */
export function readRedundantPayload(payload: Buffer): RedundantBlock[] | undefined {
  const blocks: RedundantBlock[] = [];
  let headersEnd = 0;
  while (headersEnd < payload.length && payload[headersEnd]! & 0x80) headersEnd += HEADER_BYTES;
  if (headersEnd >= payload.length) return undefined;
  let start = headersEnd + 1;
  for (let at = 0; at < headersEnd; at += HEADER_BYTES) {
    const header = payload.readUInt32BE(at);
    const end = start + (header & 0x3ff);
    if (end > payload.length) return undefined;
    blocks.push({
      payloadType: (header >>> 24) & 0x7f,
      offset: (header >>> 10) & 0x3fff,
      payload: payload.subarray(start, end),
    });
    start = end;
  }
  blocks.push({ payloadType: payload[headersEnd]!, offset: 0, payload: payload.subarray(start) });
  return blocks;
}
