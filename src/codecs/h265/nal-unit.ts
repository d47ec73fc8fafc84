import type { NalUnitSyntax } from '../nal-unit-syntax.ts';

/** NAL unit types (ITU-T H.265 §7.4.2.2, table 7-1). */
export const NAL_TYPE = {
  raslN: 8,
  raslR: 9,
  /**
   * The first and the last of the types at which decoding can start (IRAP), two of them reserved.
   */
  blaWLp: 16,
  blaNLp: 18,
  idrWRadl: 19,
  idrNLp: 20,
  cra: 21,
  lastIrap: 23,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  prefixSei: 39,
} as const;

const LAST_SLICE = 31;
/** From here on, types are structures of the payload format (RFC 7798 §4.4) or undefined. */
const FIRST_UNDEFINED = 48;
/**
 * Up to this type, even types are pictures from which others in the same temporal layer are not
 * predicted.
 */
const LAST_SUB_LAYER_TYPE = 14;

/** Type of a NAL unit from its first byte (§7.3.1.2). */
export function typeOf(firstByte: number): number {
  return (firstByte >> 1) & 0x3f;
}

/** Whether decoding can start at a picture of this type: IDR, BLA and CRA pictures. */
export function isIrap(type: number): boolean {
  return type >= NAL_TYPE.blaWLp && type <= NAL_TYPE.lastIrap;
}

/** Whether the type is a video coding layer one: a slice segment. */
export function isSlice(type: number): boolean {
  return type <= LAST_SLICE;
}

/**
 * NAL unit type of the slices of a picture: all have the same (§7.4.2.2).
 * @param parts its NAL units; −1 where no slice is among them
 */
export function pictureType(parts: readonly Buffer[]): number {
  for (const part of parts) {
    const type = typeOf(part[0]!);
    if (isSlice(type)) return type;
  }
  return -1;
}

/** Whether the type is a video, sequence or picture parameter set. */
export function isParameterSet(type: number): boolean {
  return type >= NAL_TYPE.vps && type <= NAL_TYPE.pps;
}

/** The H265 implementation of {@link NalUnitSyntax}, for one stream. */
export class H265Syntax implements NalUnitSyntax {
  readonly codec = 'h265';
  readonly shortestSlice = 3;
  /** TemporalId of the highest sub-layer, −1 while unknown. */
  #highestSubLayer = -1;

  isNalUnit(nalUnit: Buffer): boolean {
    return nalUnit.length >= 2 && typeOf(nalUnit[0]!) < FIRST_UNDEFINED;
  }

  isSlice(first: number): boolean {
    return isSlice(typeOf(first));
  }

  /**
   * Pictures in a higher sub-layer may refer to a sub-layer non-reference picture (§3.164); nothing
   * refers to one in the highest.
   */
  isDisposable(first: number, second: number): boolean {
    const type = typeOf(first);
    const temporalId = (second & 7) - 1;
    return type <= LAST_SUB_LAYER_TYPE && type % 2 === 0 && temporalId === this.#highestSubLayer;
  }

  isKeyframe(slice: Buffer): boolean {
    return isIrap(typeOf(slice[0]!));
  }

  /** Whether first_slice_segment_in_pic_flag, the first bit of the header, is set (§7.3.6.1). */
  startsPicture(slice: Buffer): boolean {
    return (slice[2]! & 0x80) !== 0;
  }

  isSequenceParameterSet(nalUnit: Buffer): boolean {
    const isSet = typeOf(nalUnit[0]!) === NAL_TYPE.sps;
    // sps_max_sub_layers_minus1 (§7.3.2.2).
    if (isSet && nalUnit.length > 2) this.#highestSubLayer = (nalUnit[2]! >> 1) & 7;
    return isSet;
  }

  isParameterSet(nalUnit: Buffer): boolean {
    return isParameterSet(typeOf(nalUnit[0]!));
  }
}
