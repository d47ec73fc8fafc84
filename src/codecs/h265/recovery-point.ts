import { BitReader } from '../bit-reader.ts';
import { findSeiMessage } from '../sei-message.ts';
import { isSlice, NAL_TYPE, typeOf } from './nal-unit.ts';

const RECOVERY_POINT = 6;
/**
 * Size of the beginning of a picture that is searched for a message, bytes; only small NAL units
 * precede a recovery point.
 */
const LOOKED_AT_BYTES = 512;
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
    const pictures = picturesOf(part);
    if (pictures !== undefined) return pictures;
  }
  return undefined;
}

/** recovery_poc_cnt of a recovery point message in a NAL unit (§D.2.8). */
function picturesOf(nal: Buffer): number | undefined {
  const message = findSeiMessage(nal, 2, RECOVERY_POINT, LOOKED_AT_BYTES);
  if (message === undefined || message === 'not-all') return undefined;
  const bits = new BitReader(message.subarray(0, MESSAGE_BYTES));
  const pictures = bits.readSigned();
  // If it is negative, the picture is complete, and so are some that were decoded before it.
  return bits.exhausted || pictures > MOST_PICTURES ? undefined : Math.max(0, pictures);
}
