/** Maximum size of a header, bytes: an ID of four and a size of eight. */
export const LONGEST_HEADER_BYTES = 12;

/** Size of the output of {@link writeSize4}, bytes, and its maximum value. */
export const SIZE4_BYTES = 4;
export const MOST_IN_SIZE4 = 2 ** 28 - 2;

/** The header of an element (RFC 8794 §4). */
export interface ElementHeader {
  /** Including its marker bit, see `element-id.ts`. */
  id: number;
  headerBytes: number;
  /** Size of the payload, bytes; undefined for an unknown size (§6.2). */
  payloadBytes: number | undefined;
}

/** An element and the range of its payload. */
export interface Element {
  id: number;
  start: number;
  end: number;
}

/** Parses the header at `at`; undefined if there is no valid one before `end`. */
export function elementHeader(bytes: Buffer, at: number, end: number): ElementHeader | undefined {
  if (at >= end) return undefined;
  const idBytes = Math.clz32(bytes[at]!) - 23;
  const sizeAt = at + idBytes;
  if (idBytes > 4 || sizeAt >= end) return undefined;
  const first = bytes[sizeAt]!;
  const sizeBytes = Math.clz32(first) - 23;
  if (sizeBytes > 8 || sizeAt + sizeBytes > end) return undefined;
  // After the marker bit, the rest of the first byte is the highest part of the size.
  let size = first & (0xff >> sizeBytes);
  let isUnknown = size === 0xff >> sizeBytes;
  for (let i = sizeAt + 1; i < sizeAt + sizeBytes; i++) {
    size = size * 256 + bytes[i]!;
    isUnknown &&= bytes[i] === 0xff;
  }
  const header = { id: bytes.readUIntBE(at, idBytes), headerBytes: idBytes + sizeBytes };
  if (isUnknown) return { ...header, payloadBytes: undefined };
  return Number.isSafeInteger(size) ? { ...header, payloadBytes: size } : undefined;
}

/** The elements between two offsets, up to the first invalid one. */
export function* elements(bytes: Buffer, from: number, to: number): Generator<Element> {
  for (let at = from; at < to; ) {
    const header = elementHeader(bytes, at, to);
    if (header?.payloadBytes === undefined) return;
    const start = at + header.headerBytes;
    const end = start + header.payloadBytes;
    if (end > to) return;
    yield { id: header.id, start, end };
    at = end;
  }
}

/** The first element with an ID between two offsets. */
export function findElement(
  bytes: Buffer,
  from: number,
  to: number,
  id: number,
): Element | undefined {
  for (const element of elements(bytes, from, to)) if (element.id === id) return element;
  return undefined;
}

/** An unsigned integer (RFC 8794 §7.2); undefined above 2^53. */
export function readUint(bytes: Buffer, { start, end }: Element): number | undefined {
  if (end - start > 8) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + bytes[i]!;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A floating-point number (RFC 8794 §7.3); undefined where its size is none of theirs. */
export function readFloat(bytes: Buffer, { start, end }: Element): number | undefined {
  if (end - start === 8) return bytes.readDoubleBE(start);
  return end - start === 4 ? bytes.readFloatBE(start) : undefined;
}

/** Encodes an ID. */
export function idBytes(id: number): Buffer {
  const length = Math.ceil((32 - Math.clz32(id)) / 8);
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(id, 0, length);
  return bytes;
}

/** Writes an element with this payload, below 268 MB. */
export function element(id: number, ...payload: Buffer[]): Buffer {
  const size = payload.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([idBytes(id), sizeOf(size), ...payload]);
}

/** Writes an unsigned integer element in as few bytes as possible. */
export function uintElement(id: number, value: number): Buffer {
  const digits = value.toString(16);
  return element(id, Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

/** Writes a 64-bit floating-point element. */
export function floatElement(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

/** Writes an ASCII text element. */
export function textElement(id: number, text: string): Buffer {
  return element(id, Buffer.from(text, 'latin1'));
}

/** Writes a size in four bytes, up to {@link MOST_IN_SIZE4}. @returns the offset after it */
export function writeSize4(bytes: Buffer, at: number, size: number): number {
  return bytes.writeUInt32BE((0x1000_0000 | size) >>> 0, at);
}

/** Encodes a size in as few bytes as possible; all ones would mean an unknown size. */
function sizeOf(size: number): Buffer {
  if (size < 0x7f) return Buffer.from([0x80 | size]);
  if (size < 0x3fff) return Buffer.from([0x40 | (size >> 8), size & 0xff]);
  const bytes = Buffer.alloc(SIZE4_BYTES);
  writeSize4(bytes, 0, size);
  return bytes;
}
