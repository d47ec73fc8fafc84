import { BitReader } from '../bit-reader.ts';
import type { Recovery } from '../codec.ts';
import { findSeiMessage } from '../sei-message.ts';

const NAL_SEI = 6;
const NAL_LAST_SLICE = 5;
const RECOVERY_POINT = 6;
/**
 * Size of the beginning of a picture that is searched for a message, bytes; only small NAL units
 * precede a recovery point.
 */
const LOOKED_AT_BYTES = 512;
/** Usually sufficient, bytes; a picture may have messages of any size. */
const LOOKED_AT_FIRST_BYTES = 64;
/** Size of a message up to recovery_frame_cnt and two flags, bytes. */
const MESSAGE_BYTES = 8;
/** Maximum recovery_frame_cnt: below MaxFrameNum (ITU-T H.264 §D.2.8). */
const MOST_FRAMES = 65_535;

/**
 * Finds a recovery point (ITU-T H.264 §D.1.8): a picture at which decoding can start although it is
 * not a keyframe, from encoders that refresh the picture gradually (intra refresh).
 * @param parts NAL units of a picture
 * @returns number of frames after which the picture is complete again (recovery_frame_cnt): 0 for
 * the picture itself; undefined if there is no recovery point
 */
export function recoveryFrames(parts: readonly Buffer[]): number | undefined {
  for (const part of parts) {
    const type = part[0]! & 0x1f;
    if (type === NAL_SEI) {
      let frames = framesOf(part, LOOKED_AT_FIRST_BYTES);
      if (frames === 'not-all') frames = framesOf(part, LOOKED_AT_BYTES);
      if (typeof frames === 'number') return frames;
    } else if (type >= 1 && type <= NAL_LAST_SLICE) return undefined;
  }
  return undefined;
}

/** Counts the frames from a recovery point on (ITU-T H.264 §D.2.8). */
export class FrameCountdown implements Recovery {
  #framesLeft: number;
  #afterReference = false;

  /**
   * @param frames number from the recovery point to the first complete picture (recovery_frame_cnt)
   */
  constructor(frames: number) {
    this.#framesLeft = frames;
  }

  isWhole(parts: readonly Buffer[]): boolean {
    // frame_num advances after each picture to which others refer (§7.4.3).
    if (this.#afterReference) this.#framesLeft--;
    this.#afterReference = isReference(parts);
    return this.#framesLeft <= 0;
  }
}

/** Whether other pictures may refer to this one: nal_ref_idc of its slices (§7.4.1). */
export function isReference(parts: readonly Buffer[]): boolean {
  return parts.some((part) => {
    const type = part[0]! & 0x1f;
    return type >= 1 && type <= NAL_LAST_SLICE && (part[0]! & 0x60) !== 0;
  });
}

/** recovery_frame_cnt of a recovery point message in a NAL unit (§D.1.8). */
function framesOf(nal: Buffer, limit: number): number | 'not-all' | undefined {
  const message = findSeiMessage(nal, 1, RECOVERY_POINT, limit);
  if (message === undefined || message === 'not-all') return message;
  const bits = new BitReader(message.subarray(0, MESSAGE_BYTES));
  const frames = bits.readUnsigned();
  return bits.exhausted || frames > MOST_FRAMES ? undefined : frames;
}
