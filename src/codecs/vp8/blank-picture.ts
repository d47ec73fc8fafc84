import type { BlankPictures, VideoConfiguration } from '../configuration.ts';
import { BoolEncoder, type BoolEncoderState } from './bool-encoder.ts';
import { readVp8Configuration, Vp8Configuration } from './configuration.ts';

/** Where nothing is known of the pictures before. */
const USUAL = { width: 320, height: 180 };

/** Start code of a key frame (RFC 6386 §9.1). */
const START_CODE = [0x9d, 0x01, 0x2a];

/**
 * Behind the frame header (§9.2–§9.11), whatever the size: no segments, no loop filter, one partition of
 * coefficients, quantizer index 115, no other probabilities than the usual ones, and macroblocks without
 * coefficients marked as nearly all.
 */
const HEADER: BoolEncoderState = {
  bytes: [0x00, 0x00, 0xe6, 0x00],
  ...{ range: 192, bottom: 49_856, shifts: 5 },
};

/**
 * The coefficients of the first macroblock (§13): of the second-order luma the DC, −28, which makes it so
 * much darker than the middle that it is black.
 */
const COEFFICIENTS = Buffer.from('fee9dd00', 'hex');

/** Probability that a macroblock has coefficients, of 256; and of the bits of its modes (§11.2). */
const HAS_COEFFICIENTS = 1;
const MODE_BITS = [
  [145, 1],
  [156, 0],
  [163, 0], // luma: the mean of what is beside it
  [142, 0], // chroma: the same
] as const;

/**
 * Black pictures, to stand in for a camera that is off, of the size of other ones. The first macroblock says
 * that it is black, and all others are like it.
 */
export function blankVp8Pictures(like: VideoConfiguration | undefined): BlankPictures {
  const parts = [blackFrame(like instanceof Vp8Configuration ? like : USUAL)];
  return { configuration: readVp8Configuration(parts)!, parts: () => parts };
}

function blackFrame({ width, height }: { width: number; height: number }): Buffer {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const encoder = new BoolEncoder(HEADER);
  for (let at = 0; at < macroblocks; at++) {
    encoder.write(HAS_COEFFICIENTS, at === 0 ? 0 : 1);
    for (const [probability, bit] of MODE_BITS) encoder.write(probability, bit);
  }
  const modes = encoder.end();
  // A key frame, shown, of version 0, and the length of the first partition.
  const tag = 0x10 | (modes.length << 5);
  const head = Buffer.of(tag & 0xff, (tag >> 8) & 0xff, tag >> 16, ...START_CODE, 0, 0, 0, 0);
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  return Buffer.concat([head, modes, COEFFICIENTS]);
}
