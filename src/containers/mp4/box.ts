/** Size of a header without a 64-bit size, bytes. */
export const BOX_HEADER_BYTES = 8;
/** Size of a header with a 64-bit size, bytes. */
export const LONGEST_BOX_HEADER_BYTES = 16;

/** The header of a box (ISO/IEC 14496-12 §4.2). */
export interface BoxHeader {
  type: string;
  /** Size of the whole box including its header, bytes. */
  size: number;
  /** 8, or 16 with a 64-bit size. */
  headerSize: number;
}

/** A box and the range of its payload. */
export interface Box {
  type: string;
  start: number;
  end: number;
}

/** Parses the header at `at`; undefined if there is no valid one before `end`. */
export function boxHeader(bytes: Buffer, at: number, end: number): BoxHeader | undefined {
  if (at + BOX_HEADER_BYTES > end) return undefined;
  let size = bytes.readUInt32BE(at);
  let headerSize = BOX_HEADER_BYTES;
  if (size === 1) {
    headerSize = LONGEST_BOX_HEADER_BYTES;
    if (at + headerSize > end) return undefined;
    size = bytes.readUInt32BE(at + 8) * 2 ** 32 + bytes.readUInt32BE(at + 12);
  }
  if (size < headerSize || !Number.isSafeInteger(size)) return undefined;
  return { type: bytes.toString('latin1', at + 4, at + 8), size, headerSize };
}

/** The boxes between two offsets, up to the first invalid one. */
export function* boxes(bytes: Buffer, from: number, to: number): Generator<Box> {
  for (let at = from; at < to; ) {
    const header = boxHeader(bytes, at, to);
    if (header === undefined || at + header.size > to) return;
    yield { type: header.type, start: at + header.headerSize, end: at + header.size };
    at += header.size;
  }
}

/** The first box of a type between two offsets. */
export function findBox(bytes: Buffer, from: number, to: number, type: string): Box | undefined {
  for (const box of boxes(bytes, from, to)) if (box.type === type) return box;
  return undefined;
}

/** Writes a box with this payload. */
export function writeBox(type: string, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(BOX_HEADER_BYTES + payload.length);
  writeBoxHeader(bytes, 0, type, bytes.length);
  payload.copy(bytes, BOX_HEADER_BYTES);
  return bytes;
}

/** Writes the header of a box below 4 GiB. @param size of the whole box, bytes */
export function writeBoxHeader(bytes: Buffer, at: number, type: string, size: number): void {
  bytes.writeUInt32BE(size, at);
  bytes.write(type, at + 4, 'latin1');
}
