import { BitReader } from '../bit-reader.ts';

/** Size of the beginning of a frame that includes all header fields that are parsed, bytes. */
export const LOOKED_AT_BYTES = 128;

/** The sample format of a picture (VP9 bitstream specification §6.2.2). */
export interface ColourConfig {
  /** 8, 10 or 12. */
  bitDepth: number;
  /** color_space: 0 unknown, 1 BT.601, 2 BT.709, 3 SMPTE 170, 4 SMPTE 240, 5 BT.2020, 7 sRGB. */
  colourSpace: number;
  fullRange: boolean;
  /** 1 if the chroma planes have half the width, half the height. */
  subsamplingX: number;
  subsamplingY: number;
}

/** The relevant parts of a frame's uncompressed header (§6.2). */
export interface FrameHeader {
  /** 0–3. */
  profile: number;
  /** The frame shows one that was decoded before and has no content. */
  showsExisting: boolean;
  isKeyFrame: boolean;
  isShown: boolean;
  isErrorResilient: boolean;
  /** Present if the header contains it, which is always so for a key frame. */
  size?: { width: number; height: number };
  /** Present for a key frame. */
  colour?: ColourConfig;
  /** Position of the bit for intra_only, or where it would be in a frame that is not shown. */
  intraOnlyAt: number;
  /** The bits, read up to the frame size or its references, for parsing the rest. */
  bits: BitReader;
}

const KEY_FRAME = 0;
const SYNC_CODE = 0x498342;
const RGB = 7;
const REFERENCES = 3;

/**
 * Parses the header of a frame up to its size.
 *
 * @returns undefined if it is truncated or malformed
 */
export function readFrameHeader(bytes: Buffer): FrameHeader | undefined {
  const bits = new BitReader(bytes.subarray(0, LOOKED_AT_BYTES));
  if (bits.read(2) !== 2) return undefined;
  const profile = bits.read(1) + 2 * bits.read(1);
  if (profile === 3 && bits.read(1) !== 0) return undefined;
  const showsExisting = bits.read(1) === 1;
  const isKeyFrame = !showsExisting && bits.read(1) === KEY_FRAME;
  const isShown = showsExisting || bits.read(1) === 1;
  const isErrorResilient = !showsExisting && bits.read(1) === 1;
  const header: FrameHeader = {
    ...{ profile, showsExisting, isKeyFrame, isShown, isErrorResilient, bits },
    intraOnlyAt: profile === 3 ? 9 : 8,
  };
  if (!showsExisting && !readSize(bits, header)) return undefined;
  return bits.exhausted ? undefined : header;
}

function readSize(bits: BitReader, header: FrameHeader): boolean {
  const { profile } = header;
  let isExplicit = true;
  if (header.isKeyFrame) {
    if (bits.read(24) !== SYNC_CODE) return false;
    header.colour = readColourConfig(bits, profile);
  } else {
    const isIntraOnly = !header.isShown && bits.read(1) === 1;
    if (!header.isErrorResilient) bits.skip(2); // reset_frame_context
    if (isIntraOnly) {
      if (bits.read(24) !== SYNC_CODE) return false;
      if (profile > 0) readColourConfig(bits, profile);
      bits.skip(8); // refresh_frame_flags
    } else {
      bits.skip(8 + 4 * REFERENCES); // refresh_frame_flags, REFERENCES and their sign biases
      for (let i = 0; i < REFERENCES && isExplicit; i++) isExplicit = bits.read(1) === 0;
    }
  }
  if (isExplicit) header.size = { width: 1 + bits.read(16), height: 1 + bits.read(16) };
  if (bits.read(1) === 1) bits.skip(32); // render_width_minus_1, render_height_minus_1
  return true;
}

function readColourConfig(bits: BitReader, profile: number): ColourConfig {
  const bitDepth = profile < 2 ? 8 : 10 + 2 * bits.read(1);
  const colourSpace = bits.read(3);
  const isRgb = colourSpace === RGB;
  const fullRange = isRgb || bits.read(1) === 1;
  let subsamplingX = isRgb ? 0 : 1;
  let subsamplingY = subsamplingX;
  if (profile === 1 || profile === 3) {
    if (!isRgb) {
      subsamplingX = bits.read(1);
      subsamplingY = bits.read(1);
    }
    bits.skip(1); // reserved_zero
  }
  return { bitDepth, colourSpace, fullRange, subsamplingX, subsamplingY };
}
