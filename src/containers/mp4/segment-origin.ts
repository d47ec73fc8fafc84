import type { SegmentOrigin } from '../container.ts';
import { BOX_HEADER_BYTES, boxHeader, writeBoxHeader } from './box.ts';

// The header, and space for the longest names.
const BOX_BYTES = 64;
/** Size of the box that says where a segment belongs, bytes. */
export const SEGMENT_ORIGIN_BYTES = BOX_BYTES;

/**
 * A `free` box (ISO/IEC 14496-12 §8.1.2), which players skip, with information that otherwise only
 * the manifest has: a crash may happen before that is written, and a manifest may be lost.
 * @throws RangeError for names that do not fit
 */
export function writeSegmentOrigin({ initialization, period }: SegmentOrigin): Buffer {
  const text = `${initialization} ${period}`;
  if (text.length > BOX_BYTES - BOX_HEADER_BYTES || !/^[!-~]+ [!-~]+$/.test(text)) {
    throw new RangeError(`"${text}" does not fit the head of a segment`);
  }
  const bytes = Buffer.alloc(BOX_BYTES);
  writeBoxHeader(bytes, 0, 'free', BOX_BYTES);
  bytes.write(text, BOX_HEADER_BYTES, 'latin1');
  return bytes;
}

/** Parses the box; undefined if there is none. @param bytes of the file, from the box on */
export function readSegmentOrigin(bytes: Buffer): SegmentOrigin | undefined {
  const header = bytes.length < BOX_BYTES ? undefined : boxHeader(bytes, 0, BOX_BYTES);
  if (header?.type !== 'free' || header.size !== BOX_BYTES) return undefined;
  const text = bytes.toString('latin1', BOX_HEADER_BYTES, BOX_BYTES).replace(/\0+$/, '');
  const match = /^([!-~]+) ([!-~]+)$/.exec(text);
  return match === null ? undefined : { initialization: match[1]!, period: match[2]! };
}
