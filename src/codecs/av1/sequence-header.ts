import { BitReader } from '../bit-reader.ts';
import type { ColourDescription } from '../colour-description.ts';
import { UNSPECIFIED } from '../colour-description.ts';

/** The relevant parts of a sequence header (AV1 specification §5.5). */
export interface SequenceHeader {
  /** seq_profile: 0 Main, 1 High, 2 Professional. */
  profile: number;
  /** seq_level_idx of the first operating point, 0–31. */
  level: number;
  /** seq_tier of the first operating point: 0 Main, 1 High. */
  tier: number;
  /** Width and height of the largest frame, pixels. */
  width: number;
  height: number;
  /** 8, 10 or 12. */
  bitDepth: number;
  isMonochrome: boolean;
  /** 1 if the chroma planes have half the width, half the height. */
  subsamplingX: number;
  subsamplingY: number;
  /** chroma_sample_position: 0 unknown, 1 vertical, 2 colocated. */
  chromaSamplePosition: number;
  colour: ColourDescription;
}

interface ColourConfig {
  bitDepth: number;
  isMonochrome: boolean;
  subsamplingX: number;
  subsamplingY: number;
  chromaSamplePosition: number;
  colour: ColourDescription;
}

/**
 * Parses the payload of a sequence header OBU.
 *
 * @returns undefined if it is truncated or malformed
 */
export function readSequenceHeader(payload: Buffer): SequenceHeader | undefined {
  const bits = new BitReader(payload);
  const profile = bits.read(3);
  if (profile > 2) return undefined;
  bits.skip(1); // still_picture
  const isReduced = bits.read(1) === 1;
  const { level, tier } = isReduced ? { level: bits.read(5), tier: 0 } : readOperatingPoints(bits);
  const widthBits = 1 + bits.read(4);
  const heightBits = 1 + bits.read(4);
  const width = 1 + bits.read(widthBits);
  const height = 1 + bits.read(heightBits);
  // frame_id_numbers_present_flag, and the lengths of these numbers.
  if (!isReduced && bits.read(1) === 1) bits.skip(7);
  bits.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!isReduced) skipTools(bits);
  bits.skip(3); // enable_superres, enable_cdef, enable_restoration
  const colourConfig = readColourConfig(bits, profile);
  bits.skip(1); // film_grain_params_present
  if (bits.exhausted) return undefined;
  return { profile, level, tier, width, height, ...colourConfig };
}

/** timing_info() to the last operating point; returns level and tier of the first. */
function readOperatingPoints(bits: BitReader): { level: number; tier: number } {
  let hasDecoderModel = false;
  let delayBits = 0;
  if (bits.read(1) === 1) {
    bits.skip(32); // num_units_in_display_tick
    bits.skip(32); // time_scale
    if (bits.read(1) === 1) bits.readUnsigned(); // num_ticks_per_picture_minus_1
    hasDecoderModel = bits.read(1) === 1;
    if (hasDecoderModel) {
      delayBits = 1 + bits.read(5);
      bits.skip(32); // num_units_in_decoding_tick
      bits.skip(10); // two lengths
    }
  }
  const hasDisplayDelay = bits.read(1) === 1;
  const count = 1 + bits.read(5);
  let first = { level: 0, tier: 0 };
  for (let point = 0; point < count && !bits.exhausted; point++) {
    bits.skip(12); // operating_point_idc
    const level = bits.read(5);
    const tier = level > 7 ? bits.read(1) : 0;
    if (point === 0) first = { level, tier };
    if (hasDecoderModel && bits.read(1) === 1) {
      bits.skip(delayBits);
      bits.skip(delayBits);
      bits.skip(1); // low_delay_mode_flag
    }
    if (hasDisplayDelay && bits.read(1) === 1) bits.skip(4);
  }
  return first;
}

/** enable_interintra_compound to order_hint_bits_minus_1, which are skipped. */
function skipTools(bits: BitReader): void {
  bits.skip(4);
  const hasOrderHint = bits.read(1) === 1;
  if (hasOrderHint) bits.skip(2);
  const screenContentTools = bits.read(1) === 1 ? 2 : bits.read(1);
  // seq_choose_integer_mv, and seq_force_integer_mv if that is 0.
  if (screenContentTools > 0 && bits.read(1) === 0) bits.skip(1);
  if (hasOrderHint) bits.skip(3);
}

/** color_config() (§5.5.2). */
function readColourConfig(bits: BitReader, profile: number): ColourConfig {
  let bitDepth = bits.read(1) === 1 ? 10 : 8;
  if (profile === 2 && bitDepth === 10 && bits.read(1) === 1) bitDepth = 12;
  const isMonochrome = profile !== 1 && bits.read(1) === 1;
  let primaries = UNSPECIFIED;
  let transfer = UNSPECIFIED;
  let matrix = UNSPECIFIED;
  if (bits.read(1) === 1) {
    primaries = bits.read(8);
    transfer = bits.read(8);
    matrix = bits.read(8);
  }
  // sRGB, whose chroma is never subsampled.
  const isRgb = primaries === 1 && transfer === 13 && matrix === 0;
  let fullRange = true;
  let subsamplingX = 0;
  let subsamplingY = 0;
  let chromaSamplePosition = 0;
  if (isMonochrome || !isRgb) fullRange = bits.read(1) === 1;
  if (isMonochrome) {
    subsamplingX = 1;
    subsamplingY = 1;
  } else if (!isRgb) {
    if (profile === 0) {
      subsamplingX = 1;
      subsamplingY = 1;
    } else if (profile === 2) {
      subsamplingX = bitDepth === 12 ? bits.read(1) : 1;
      if (bitDepth === 12 && subsamplingX === 1) subsamplingY = bits.read(1);
    }
    if (subsamplingX === 1 && subsamplingY === 1) chromaSamplePosition = bits.read(2);
  }
  if (!isMonochrome) bits.skip(1); // separate_uv_delta_q
  const colour = { primaries, transfer, matrix, fullRange };
  return { bitDepth, isMonochrome, subsamplingX, subsamplingY, chromaSamplePosition, colour };
}
