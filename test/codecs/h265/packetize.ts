/** FU payloads (RFC 7798 §4.4.3) of a NAL unit, each with `size` bytes of it. */
export function fragments(nalUnit: Buffer, size: number): Buffer[] {
  const payloads: Buffer[] = [];
  const first = nalUnit[0]!;
  for (let offset = 2; offset < nalUnit.length; offset += size) {
    const start = offset === 2 ? 0x80 : 0;
    const end = offset + size >= nalUnit.length ? 0x40 : 0;
    const head = Buffer.of((first & 0x81) | (49 << 1), nalUnit[1]!, start | end | (first >> 1));
    head[2]! &= 0xc0 | 0x3f;
    payloads.push(Buffer.concat([head, nalUnit.subarray(offset, offset + size)]));
  }
  return payloads;
}

/** One AP payload (RFC 7798 §4.4.2) of these NAL units. */
export function aggregate(nalUnits: readonly Buffer[]): Buffer {
  const chunks: Buffer[] = [Buffer.of(48 << 1, 1)];
  for (const nalUnit of nalUnits) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(nalUnit.length);
    chunks.push(length, nalUnit);
  }
  return Buffer.concat(chunks);
}

/**
 * The payloads of an access unit: single NAL units, fragments and aggregates as chance has it.
 *
 * @param mostBytes of a fragment
 * @param next gives numbers from 0 to 255
 */
export function packetizeUnit(
  parts: readonly Buffer[],
  mostBytes: number,
  next: () => number,
): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]!;
    const how = next() % 3;
    if (how === 0 && part.length > 2) {
      payloads.push(...fragments(part, 1 + (((next() << 8) | next()) % mostBytes)));
    } else if (how === 1) {
      const last = Math.min(parts.length - 1, at + (next() & 3));
      payloads.push(aggregate(parts.slice(at, last + 1)));
      at = last;
    } else {
      payloads.push(part);
    }
  }
  return payloads;
}
