import type { NalUnitSyntax } from '../nal-unit-syntax.ts';

/** Type of a NAL unit from its first byte (ITU-T H.264 §7.4.1, table 7-1). */
export function nalUnitType(nalUnit: Buffer): number {
  return nalUnit[0]! & 0x1f;
}

/** NAL unit type of a coded slice of an IDR picture, where decoding can start. */
export const IDR_SLICE = 5;

/** NAL unit type of a sequence parameter set. */
export const SEQUENCE_PARAMETER_SET = 7;

/**
 * Whether a picture can be dropped without affecting others: the `nal_ref_idc` of its slices, in
 * the first byte of each, is 0 (ITU-T H.264 §7.4.1).
 */
export function isDisposable(firstByte: number): boolean {
  return (firstByte & 0x60) === 0;
}

/** Whether the type is a video coding layer one: a slice or a partition of it. */
export function isCodedSlice(type: number): boolean {
  return type >= 1 && type <= 5;
}

/** Whether the type is a sequence or picture parameter set, or an extension of one. */
export function isParameterSet(type: number): boolean {
  return type === SEQUENCE_PARAMETER_SET || type === 8 || type === 13 || type === 15;
}

/**
 * Whether a coded slice is the first one of its picture: `first_mb_in_slice`, the first element of
 * its header, is 0, which Exp-Golomb codes as a single 1 bit (ITU-T H.264 §7.3.3, §9.1). Partitions
 * B and C do not contain it and are never the first.
 */
export function startsPicture(slice: Buffer): boolean {
  const type = nalUnitType(slice);
  return type !== 3 && type !== 4 && (slice[1]! & 0x80) !== 0;
}

/** The H264 implementation of {@link NalUnitSyntax}. */
export const H264_SYNTAX: NalUnitSyntax = {
  codec: 'h264',
  shortestSlice: 2,
  isNalUnit: (nalUnit) => nalUnitType(nalUnit) !== 0 && nalUnitType(nalUnit) < 24,
  isSlice: (first) => isCodedSlice(first & 0x1f),
  isDisposable,
  isKeyframe: (slice) => nalUnitType(slice) === IDR_SLICE,
  startsPicture,
  isSequenceParameterSet: (nalUnit) => nalUnitType(nalUnit) === SEQUENCE_PARAMETER_SET,
  isParameterSet: (nalUnit) => isParameterSet(nalUnitType(nalUnit)),
};
