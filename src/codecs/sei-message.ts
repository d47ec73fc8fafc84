import { removeEmulationPrevention } from './bit-reader.ts';

/** Maximum number of messages of a NAL unit that are searched. */
const MOST_MESSAGES = 16;
/** Types end at 205 by now. What claims to be far above, as filler of 0xff does, is no message. */
const LARGEST_TYPE = 1023;

/**
 * Finds a message in a NAL unit with supplemental enhancement information: sei_rbsp() (ITU-T H.264
 * §7.3.2.3, H.265 §7.3.2.4), messages preceded by their types and sizes in steps of 255.
 * @param headerBytes size of the header of a NAL unit
 * @param wanted type of the message
 * @param limit number of bytes of the unit to search
 * @returns the payload of the message; `not-all` if there are messages beyond the limit
 */
export function findSeiMessage(
  nal: Buffer,
  headerBytes: number,
  wanted: number,
  limit: number,
): Buffer | 'not-all' | undefined {
  const bytes = removeEmulationPrevention(nal, limit);
  const beyond = nal.length > limit ? 'not-all' : undefined;
  let at = headerBytes;
  for (let message = 0; message < MOST_MESSAGES; message++) {
    if (at + 2 > bytes.length) return beyond;
    let type = 0;
    let size = 0;
    for (; bytes[at] === 0xff; at++) {
      type += 0xff;
      if (type > LARGEST_TYPE) return undefined;
    }
    type += bytes[at++] ?? 0;
    for (; bytes[at] === 0xff; at++) size += 0xff;
    size += bytes[at++] ?? 0;
    if (at + size > bytes.length) return beyond;
    if (type === wanted) return bytes.subarray(at, at + size);
    at += size;
  }
  return undefined;
}
