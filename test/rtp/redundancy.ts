import type { RedundantBlock } from '../../src/rtp/redundant-payload.ts';

/** Writes a payload with redundancy (RFC 2198 §3). @param blocks oldest first */
export function redundantPayload(blocks: readonly RedundantBlock[]): Buffer {
  const last = blocks.at(-1)!;
  const headers = blocks.slice(0, -1).map(({ payloadType, offset, payload }) => {
    const header = Buffer.alloc(4);
    header[0] = 0x80 | payloadType;
    header.writeUIntBE((offset << 10) | payload.length, 1, 3);
    return header;
  });
  const payloads = blocks.map(({ payload }) => payload);
  return Buffer.concat([...headers, Buffer.of(last.payloadType), ...payloads]);
}
