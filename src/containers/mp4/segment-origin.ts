// A header of 8 bytes and as many of text as the longest names take.
const BOX_BYTES = 64;
const HEADER_BYTES = 8;
/** Bytes of the box that says where a segment belongs. */
export const SEGMENT_ORIGIN_BYTES = BOX_BYTES;

/** What a segment was recorded as part of. */
export interface SegmentOrigin {
  /** File name of the initialization segment that it needs. */
  initialization: string;
  /** Identifier of its Period in the manifest. */
  period: string;
}

/**
 * A `free` box (ISO/IEC 14496-12 §8.1.2), which players pass over, with what only the manifest would
 * say: a crash comes before that is written, and a manifest may get lost.
 * @throws RangeError for names that do not fit
 */
export function writeSegmentOrigin({ initialization, period }: SegmentOrigin): Buffer {
  const text = `${initialization} ${period}`;
  if (text.length > BOX_BYTES - HEADER_BYTES || !/^[!-~]+ [!-~]+$/.test(text)) {
    throw new RangeError(`"${text}" does not fit the head of a segment`);
  }
  const bytes = Buffer.alloc(BOX_BYTES);
  bytes.writeUInt32BE(BOX_BYTES, 0);
  bytes.write('free', 4, 'latin1');
  bytes.write(text, HEADER_BYTES, 'latin1');
  return bytes;
}

/** Reads the box; undefined where there is none. @param bytes of the file, from the box on */
export function readSegmentOrigin(bytes: Buffer): SegmentOrigin | undefined {
  if (bytes.length < BOX_BYTES || bytes.readUInt32BE(0) !== BOX_BYTES) return undefined;
  if (bytes.toString('latin1', 4, HEADER_BYTES) !== 'free') return undefined;
  const text = bytes.toString('latin1', HEADER_BYTES, BOX_BYTES).replace(/\0+$/, '');
  const match = /^([!-~]+) ([!-~]+)$/.exec(text);
  return match === null ? undefined : { initialization: match[1]!, period: match[2]! };
}
