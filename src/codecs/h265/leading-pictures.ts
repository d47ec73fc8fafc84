import type { AccessUnit } from '../../media/access-unit.ts';
import { isIrap, NAL_TYPE, pictureType, typeOf } from './nal-unit.ts';

/**
 * Drops pictures that cannot be decoded although they are complete: random access skipped leading
 * (RASL) pictures follow a keyframe and refer to pictures before it (ITU-T H.265 §3.111). There are
 * none before the first keyframe, after the end of a sequence and before a BLA picture, and some
 * are missing if a picture was lost since the previous keyframe.
 */
export class LeadingPictures {
  readonly #emit: (unit: AccessUnit) => void;
  /** A keyframe has arrived, and nothing was lost since. */
  #isUnbroken = false;
  /** RASL pictures of the last keyframe can be decoded. */
  #areDecodable = false;
  /** A discontinuity that a dropped picture would have reported. */
  #discontinuity = false;

  /** @param emit receives the units that can be decoded */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#emit = emit;
  }

  /** Whether a loss has not been reported yet. */
  get discontinuity(): boolean {
    return this.#discontinuity;
  }

  /** Takes the next access unit in decoding order. */
  take(unit: AccessUnit): void {
    const type = pictureType(unit.parts);
    if (unit.discontinuity) this.#isUnbroken = false;
    if (isIrap(type)) {
      this.#areDecodable = type === NAL_TYPE.cra && this.#isUnbroken;
      this.#isUnbroken = true;
    }
    const isLeftOut = (type === NAL_TYPE.raslN || type === NAL_TYPE.raslR) && !this.#areDecodable;
    if (isLeftOut) {
      this.#discontinuity ||= unit.discontinuity;
    } else {
      unit.discontinuity ||= this.#discontinuity;
      this.#discontinuity = false;
      this.#emit(unit);
    }
    if (endsSequence(unit.parts)) this.#isUnbroken = false;
  }

  /** Resets everything: another stream follows. */
  reset(): void {
    this.#isUnbroken = false;
    this.#areDecodable = false;
    this.#discontinuity = false;
  }
}

/**
 * Whether the sequence ends with this unit: an end of sequence or bitstream is its last NAL unit.
 */
function endsSequence(parts: readonly Buffer[]): boolean {
  const type = typeOf(parts.at(-1)?.[0] ?? 0);
  return type === NAL_TYPE.endOfSequence || type === NAL_TYPE.endOfSequence + 1;
}
