/** Types of open bitstream units (AV1 specification §6.2.2). */
export const OBU_TYPE = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  tileGroup: 4,
  metadata: 5,
  frame: 6,
  redundantFrameHeader: 7,
  tileList: 8,
  padding: 15,
} as const;

// Bits of the first byte of an OBU (§5.3.2).
const FORBIDDEN = 0x80;
const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;

/** Maximum size of a leb128 number (§4.10.5), bytes. */
const LONGEST_LEB128 = 8;

/** Maximum size of an OBU header, bytes. */
export const LONGEST_OBU_HEADER = 2 + LONGEST_LEB128;

/** obu_type of an OBU with this first byte. */
export function obuTypeOf(firstByte: number): number {
  return (firstByte >> 3) & 0x0f;
}

/** A leb128 number and its size. */
export interface Leb128 {
  value: number;
  bytes: number;
}

/**
 * Parses a leb128 number (§4.10.5).
 *
 * @returns undefined if it is truncated, has more than eight bytes or exceeds 2^32 − 1
 */
export function readLeb128(bytes: Buffer, offset: number): Leb128 | undefined {
  let value = 0;
  for (let at = 0; at < LONGEST_LEB128; at++) {
    const byte = bytes[offset + at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if ((byte & 0x80) === 0) return value < 2 ** 32 ? { value, bytes: at + 1 } : undefined;
  }
  return undefined;
}

/** Size of the shortest leb128 form of a number below 2^32, bytes. */
export function leb128Bytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) bytes++;
  return bytes;
}

/**
 * Writes the shortest leb128 form of a number below 2^32.
 *
 * @returns the offset after it
 */
export function writeLeb128(target: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[at++] = 0x80 | (rest & 0x7f);
  target[at++] = rest;
  return at;
}

/** The header of an OBU. */
export interface ObuHeader {
  type: number;
  /** spatial_id, 0–3. */
  spatialId: number;
  /** Size of header, extension and size field, bytes. */
  bytes: number;
  /** Size of header and extension alone, bytes: 1 or 2. */
  bytesWithoutSize: number;
  /** obu_size, if there is a size field. */
  size: number | undefined;
}

/**
 * Parses the header of an OBU (§5.3.1 to §5.3.3).
 *
 * @returns undefined if it is truncated or malformed
 */
export function readObuHeader(bytes: Buffer, offset = 0): ObuHeader | undefined {
  const first = bytes[offset];
  if (first === undefined || (first & FORBIDDEN) !== 0) return undefined;
  const bytesWithoutSize = (first & HAS_EXTENSION) === 0 ? 1 : 2;
  const extension = bytesWithoutSize === 1 ? 0 : bytes[offset + 1];
  if (extension === undefined) return undefined;
  const type = obuTypeOf(first);
  const spatialId = (extension >> 3) & 3;
  if ((first & HAS_SIZE) === 0) {
    return { type, spatialId, bytes: bytesWithoutSize, bytesWithoutSize, size: undefined };
  }
  const size = readLeb128(bytes, offset + bytesWithoutSize);
  if (size === undefined) return undefined;
  const headerBytes = bytesWithoutSize + size.bytes;
  return { type, spatialId, bytes: headerBytes, bytesWithoutSize, size: size.value };
}

/**
 * Writes the header of an OBU with a size field.
 *
 * @param target as long as the result: the header without a size and {@link leb128Bytes} of the
 * size
 * @param header begins with the header without a size
 * @param size of the payload, bytes
 */
export function writeObuHeader(target: Buffer, header: Buffer, size: number): void {
  target[0] = header[0]! | HAS_SIZE;
  const hasTwo = (header[0]! & HAS_EXTENSION) !== 0;
  if (hasTwo) target[1] = header[1]!;
  writeLeb128(target, hasTwo ? 2 : 1, size);
}

/** Whether a frame header with this first byte belongs to a key frame that is shown (§5.9.2). */
export function isShownKeyFrame(firstByte: number): boolean {
  // show_existing_frame is 0, frame_type KEY_FRAME, show_frame 1.
  return (firstByte & 0xf0) === 0x10;
}
