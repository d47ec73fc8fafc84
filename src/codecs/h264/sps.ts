import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import type { PictureReordering } from '../configuration.ts';
import { readVui, type Vui } from '../video-usability.ts';
import { readReordering } from './reordering.ts';

/** The relevant parts of a sequence parameter set (ITU-T H.264 §7.3.2.1.1). */
export interface SequenceParameterSet extends Vui {
  /** seq_parameter_set_id, 0–31. */
  id: number;
  /** Codecs string (RFC 6381): `avc1.` and profile, constraint flags and level in hexadecimal. */
  codecString: string;
  /** Width and height in luma samples after cropping. */
  width: number;
  height: number;
  /** chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  /** Bits per luma and per chroma sample, 8–14. */
  lumaBitDepth: number;
  chromaBitDepth: number;
  reordering: PictureReordering;
  /** Number of bits of frame_num in a slice header, 4–16. */
  frameNumberBits: number;
  /** gaps_in_frame_num_value_allowed_flag: frame numbers may have gaps. */
  allowsFrameNumberGaps: boolean;
  /** frame_mbs_only_flag is 0: a picture may be a field of a frame. */
  hasFields: boolean;
  /** separate_colour_plane_flag: slices state their plane. */
  hasSeparateColourPlanes: boolean;
}

// Profiles whose parameter sets have chroma format, bit depths and scaling lists.
const PROFILES_WITH_CHROMA_FORMAT = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

// Level 6.2 allows MaxFS 139,264 macroblocks and √(8 · MaxFS) per side (§A.3.1).
const MAX_FRAME_MACROBLOCKS = 139_264;
const MAX_SIDE_MACROBLOCKS = 1055;

/**
 * Parses a sequence parameter set NAL unit; of its VUI the sample aspect ratio, the colours and the
 * reordering.
 *
 * @param nal with its one-byte header, without start code
 * @returns undefined if it is truncated or has values that the standard does not allow
 */
export function parseSequenceParameterSet(nal: Buffer): SequenceParameterSet | undefined {
  if (nal.length < 5) return undefined;
  const bits = new BitReader(removeEmulationPrevention(nal));
  bits.skip(8);
  const profile = bits.read(8);
  const constraints = bits.read(8);
  const level = bits.read(8);
  const id = bits.readUnsigned();
  if (id > 31) return undefined;

  let chromaFormat = 1;
  let separateColourPlanes = false;
  let lumaBitDepth = 8;
  let chromaBitDepth = 8;
  if (PROFILES_WITH_CHROMA_FORMAT.has(profile)) {
    chromaFormat = bits.readUnsigned();
    if (chromaFormat > 3) return undefined;
    if (chromaFormat === 3) separateColourPlanes = bits.read(1) === 1;
    lumaBitDepth = 8 + bits.readUnsigned();
    chromaBitDepth = 8 + bits.readUnsigned();
    if (lumaBitDepth > 14 || chromaBitDepth > 14) return undefined;
    bits.skip(1); // qpprime_y_zero_transform_bypass_flag
    if (bits.read(1) === 1) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  }

  const frameNumberBits = 4 + bits.readUnsigned();
  if (frameNumberBits > 16) return undefined;
  const pictureOrderCountType = bits.readUnsigned();
  if (pictureOrderCountType === 0) {
    if (bits.readUnsigned() > 12) return undefined; // log2_max_pic_order_cnt_lsb_minus4
  } else if (pictureOrderCountType === 1) {
    bits.skip(1); // delta_pic_order_always_zero_flag
    bits.readUnsigned(); // offset_for_non_ref_pic, signed, but of the same length
    bits.readUnsigned(); // offset_for_top_to_bottom_field
    const cycle = bits.readUnsigned();
    if (cycle > 255) return undefined;
    for (let i = 0; i < cycle; i++) bits.readUnsigned();
  } else if (pictureOrderCountType > 2) {
    return undefined;
  }
  bits.readUnsigned(); // max_num_ref_frames
  const allowsFrameNumberGaps = bits.read(1) === 1;

  const widthInMacroblocks = bits.readUnsigned() + 1;
  const heightInMapUnits = bits.readUnsigned() + 1;
  const frameMacroblocksOnly = bits.read(1);
  if (frameMacroblocksOnly === 0) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag
  const heightInMacroblocks = (2 - frameMacroblocksOnly) * heightInMapUnits;
  if (
    widthInMacroblocks > MAX_SIDE_MACROBLOCKS ||
    heightInMacroblocks > MAX_SIDE_MACROBLOCKS ||
    widthInMacroblocks * heightInMacroblocks > MAX_FRAME_MACROBLOCKS
  ) {
    return undefined;
  }

  let cropX = 0;
  let cropY = 0;
  if (bits.read(1) === 1) {
    // §7.4.2.1.1: cropping is in units of chroma samples if chroma is subsampled.
    const subsampled = !separateColourPlanes;
    const unitX = subsampled && (chromaFormat === 1 || chromaFormat === 2) ? 2 : 1;
    const unitY = (subsampled && chromaFormat === 1 ? 2 : 1) * (2 - frameMacroblocksOnly);
    cropX = unitX * (bits.readUnsigned() + bits.readUnsigned());
    cropY = unitY * (bits.readUnsigned() + bits.readUnsigned());
  }
  const width = 16 * widthInMacroblocks - cropX;
  const height = 16 * heightInMacroblocks - cropY;
  if (bits.exhausted || width < 1 || height < 1) return undefined;
  const frameMacroblocks = widthInMacroblocks * heightInMacroblocks;
  const limits = { profile, constraints, level, pictureOrderCountType, frameMacroblocks };

  const hasVui = bits.read(1) === 1;
  const vui = hasVui ? readVui(bits) : {};
  // Cut short it says nothing; the picture size before it is known all the same.
  const shown = bits.exhausted ? {} : vui;

  const hex = ((profile << 16) | (constraints << 8) | level).toString(16).padStart(6, '0');
  return {
    id,
    codecString: `avc1.${hex}`,
    width,
    height,
    chromaFormat,
    lumaBitDepth,
    chromaBitDepth,
    reordering: readReordering(hasVui ? bits : undefined, limits),
    frameNumberBits,
    allowsFrameNumberGaps,
    hasFields: frameMacroblocksOnly === 0,
    hasSeparateColourPlanes: separateColourPlanes,
    ...shown,
  };
}

/** scaling_list() (§7.3.2.1.1.1), which is skipped. */
function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (bits.read(1) === 0) continue;
    const size = list < 6 ? 16 : 64;
    let next = 8;
    for (let i = 0; i < size && next !== 0 && !bits.exhausted; i++) {
      next = (next + bits.readSigned()) & 0xff;
    }
  }
}
