import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import type { ContinuityCheck } from '../codec.ts';
import { recoveryFrames } from './recovery-point.ts';
import { nalUnitsOf } from './sample-check.ts';
import { parseSequenceParameterSet } from './sps.ts';

const NAL_SLICE = 1;
const NAL_IDR = 5;
/** Maximum size of the syntax elements up to frame_num, bytes. */
const HEADER_BYTES = 32;

/**
 * Tracks frame_num through the pictures of a track (ITU-T H.264 §7.4.3): it counts the pictures to
 * which others refer, so it shows where one is missing. Decoders conceal that silently.
 */
export class FrameNumbers implements ContinuityCheck {
  readonly #bits: number;
  readonly #hasColourPlanes: boolean;
  /** frame_num of the last picture to which others refer; undefined while unknown. */
  #last: number | undefined;

  private constructor(bits: number, hasColourPlanes: boolean) {
    this.#bits = bits;
    this.#hasColourPlanes = hasColourPlanes;
  }

  /**
   * @param sps sequence parameter set NAL unit of the track
   * @returns undefined if the numbers do not show losses: gaps are allowed, or pictures are fields
   */
  static of(sps: Buffer): FrameNumbers | undefined {
    const parsed = parseSequenceParameterSet(sps);
    if (parsed === undefined || parsed.allowsFrameNumberGaps || parsed.hasFields) return undefined;
    return new FrameNumbers(parsed.frameNumberBits, parsed.hasSeparateColourPlanes);
  }

  /**
   * Takes the next picture in decoding order.
   * @param sample of a file, valid by itself
   * @returns what is wrong, or undefined
   */
  problem(sample: Buffer): string | undefined {
    const parts = nalUnitsOf(sample);
    const slice = parts.find((part) => {
      const type = part[0]! & 0x1f;
      return type === NAL_SLICE || type === NAL_IDR;
    });
    const number = slice && this.#numberOf(slice);
    if (slice === undefined || number === undefined) return undefined;
    const last = this.#last;
    if ((slice[0]! & 0x60) !== 0) this.#last = number;
    const isStart = (slice[0]! & 0x1f) === NAL_IDR || recoveryFrames(parts) !== undefined;
    if (isStart || last === undefined || number === (last + 1) % 2 ** this.#bits) return undefined;
    return `comes after a missing one that others refer to (frame_num ${number} after ${last})`;
  }

  /** slice_header() up to frame_num (§7.3.3). */
  #numberOf(slice: Buffer): number | undefined {
    const bits = new BitReader(removeEmulationPrevention(slice, HEADER_BYTES));
    bits.skip(8);
    bits.readUnsigned(); // first_mb_in_slice
    bits.readUnsigned(); // slice_type
    bits.readUnsigned(); // pic_parameter_set_id
    if (this.#hasColourPlanes) bits.skip(2);
    const number = bits.read(this.#bits);
    return bits.exhausted ? undefined : number;
  }
}
