import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import { isSlice, NAL_TYPE, typeOf } from './nal-unit.ts';

const RECOVERY_POINT = 6;
/**
 * Size of the beginning of a picture that is searched for a message, bytes; only small NAL units
 * precede a recovery point.
 */
const LOOKED_AT_BYTES = 512;
const LOOKED_AT_MESSAGES = 16;
/** Size of a message up to recovery_poc_cnt and two flags, bytes. */
const MESSAGE_BYTES = 8;
/** Maximum recovery_poc_cnt: below half of MaxPicOrderCntLsb (ITU-T H.265 §D.3.8). */
const MOST_PICTURES = 32_767;

/**
 * Finds a recovery point (ITU-T H.265 §D.2.8): a picture at which decoding can start although it is
 * not a keyframe, from encoders that refresh the picture gradually (intra refresh).
 *
 * @param parts NAL units of a picture
 * @returns number of pictures after which the picture is complete again (recovery_poc_cnt);
 * undefined if there is no recovery point
 */
export function recoveryPictures(parts: readonly Buffer[]): number | undefined {
  for (const part of parts) {
    const type = typeOf(part[0]!);
    if (isSlice(type)) return undefined;
    if (type !== NAL_TYPE.prefixSei) continue;
    const pictures = inMessages(part);
    if (pictures !== undefined) return pictures;
  }
  return undefined;
}

/** sei_rbsp() (§7.3.2.4): messages preceded by their types and sizes in steps of 255. */
function inMessages(nal: Buffer): number | undefined {
  const bytes = removeEmulationPrevention(nal, LOOKED_AT_BYTES);
  let at = 2;
  for (let message = 0; message < LOOKED_AT_MESSAGES && at + 2 <= bytes.length; message++) {
    let type = 0;
    let size = 0;
    for (; bytes[at] === 0xff; at++) type += 0xff;
    type += bytes[at++] ?? 0;
    for (; bytes[at] === 0xff; at++) size += 0xff;
    size += bytes[at++] ?? 0;
    if (at + size > bytes.length) return undefined;
    if (type === RECOVERY_POINT) {
      const bits = new BitReader(bytes.subarray(at, at + Math.min(size, MESSAGE_BYTES)));
      const pictures = bits.readSigned();
      // If it is negative, the picture is complete, and so are some that were decoded before it.
      return bits.exhausted || pictures > MOST_PICTURES ? undefined : Math.max(0, pictures);
    }
    at += size;
  }
  return undefined;
}
