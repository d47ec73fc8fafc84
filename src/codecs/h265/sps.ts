import { BitReader, removeEmulationPrevention } from '../bit-reader.ts';
import { readVui, type Vui } from '../video-usability.ts';
import { type ProfileTierLevel, readProfileTierLevel } from './profile-tier-level.ts';

/** The relevant parts of a sequence parameter set (ITU-T H.265 §7.3.2.2). */
export interface SequenceParameterSet extends Vui {
  /** sps_seq_parameter_set_id, 0–15. */
  id: number;
  /** sps_video_parameter_set_id, 0–15. */
  vpsId: number;
  /**
   * Number of temporal sub-layers, 1–7, and whether a decoder may switch to a higher one anywhere.
   */
  subLayers: number;
  isTemporalIdNested: boolean;
  profileTierLevel: ProfileTierLevel;
  /** chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  /** Picture size inside the conformance window, luma samples. */
  width: number;
  height: number;
  /** Bits per luma and per chroma sample, 8–16. */
  lumaBitDepth: number;
  chromaBitDepth: number;
  /** Maximum number of pictures that are decoded before one that is shown earlier, 0–15. */
  mostReordered: number;
}

// Level 6.2 allows MaxLumaPs 35,651,584 samples and √(8 · MaxLumaPs) per side (§A.4.1); 7.2 four
// times as many.
const MAX_PICTURE_SAMPLES = 142_606_336;
const MAX_SIDE_SAMPLES = 33_776;
const MOST_SHORT_TERM_SETS = 64;
const MOST_LONG_TERM_PICTURES = 32;
const MOST_IN_SET = 16;

/**
 * Parses a sequence parameter set NAL unit.
 *
 * @param nal with its two-byte header, without start code
 * @returns undefined if it is truncated or has values that the standard does not allow
 */
export function parseSequenceParameterSet(nal: Buffer): SequenceParameterSet | undefined {
  const bits = new BitReader(removeEmulationPrevention(nal));
  bits.skip(16);
  const vpsId = bits.read(4);
  const maxSubLayersMinus1 = bits.read(3);
  if (maxSubLayersMinus1 > 6) return undefined;
  const isTemporalIdNested = bits.read(1) === 1;
  const profileTierLevel = readProfileTierLevel(bits, maxSubLayersMinus1);
  const id = bits.readUnsigned();
  const chromaFormat = bits.readUnsigned();
  if (id > 15 || chromaFormat > 3) return undefined;
  const hasSeparatePlanes = chromaFormat === 3 && bits.read(1) === 1;
  const size = readSize(bits, hasSeparatePlanes ? 0 : chromaFormat);
  if (size === undefined) return undefined;
  const lumaBitDepth = 8 + bits.readUnsigned();
  const chromaBitDepth = 8 + bits.readUnsigned();
  if (lumaBitDepth > 16 || chromaBitDepth > 16) return undefined;
  const orderCountBits = 4 + bits.readUnsigned();
  if (orderCountBits > 16) return undefined;
  const mostReordered = readReordering(bits, maxSubLayersMinus1);
  if (mostReordered > 15 || !skipTools(bits, orderCountBits)) return undefined;
  const vui = bits.read(1) === 1 ? readVui(bits) : {};
  if (bits.exhausted) return undefined;
  const subLayers = maxSubLayersMinus1 + 1;
  return {
    ...{ id, vpsId, subLayers, isTemporalIdNested, profileTierLevel, chromaFormat },
    ...{ ...size, lumaBitDepth, chromaBitDepth, mostReordered, ...vui },
  };
}

/** Size of a picture inside its conformance window, which is given in chroma samples. */
function readSize(
  bits: BitReader,
  chromaFormat: number,
): { width: number; height: number } | undefined {
  let width = bits.readUnsigned();
  let height = bits.readUnsigned();
  if (
    width > MAX_SIDE_SAMPLES ||
    height > MAX_SIDE_SAMPLES ||
    width * height > MAX_PICTURE_SAMPLES
  ) {
    return undefined;
  }
  if (bits.read(1) === 1) {
    const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
    const unitY = chromaFormat === 1 ? 2 : 1;
    width -= unitX * (bits.readUnsigned() + bits.readUnsigned());
    height -= unitY * (bits.readUnsigned() + bits.readUnsigned());
  }
  return width < 1 || height < 1 ? undefined : { width, height };
}

/** sps_max_num_reorder_pics of the highest sub-layer, which applies to all of them together. */
function readReordering(bits: BitReader, maxSubLayersMinus1: number): number {
  const isSaidOfEach = bits.read(1) === 1;
  let most = 0;
  for (let layer = isSaidOfEach ? 0 : maxSubLayersMinus1; layer <= maxSubLayersMinus1; layer++) {
    bits.readUnsigned(); // sps_max_dec_pic_buffering_minus1
    most = bits.readUnsigned();
    bits.readUnsigned(); // sps_max_latency_increase_plus1
  }
  return most;
}

/**
 * log2_min_luma_coding_block_size_minus3 to strong_intra_smoothing_enabled_flag; false if invalid.
 */
function skipTools(bits: BitReader, orderCountBits: number): boolean {
  // Block sizes and depths of transforms.
  for (let i = 0; i < 6; i++) bits.readUnsigned();
  if (bits.read(1) === 1 && bits.read(1) === 1) skipScalingLists(bits);
  bits.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (bits.read(1) === 1) {
    bits.skip(8); // bit depths of PCM samples
    bits.readUnsigned();
    bits.readUnsigned();
    bits.skip(1); // pcm_loop_filter_disabled_flag
  }
  if (!skipReferenceSets(bits)) return false;
  if (bits.read(1) === 1) {
    const count = bits.readUnsigned();
    if (count > MOST_LONG_TERM_PICTURES) return false;
    // lt_ref_pic_poc_lsb_sps and used_by_curr_pic_lt_sps_flag.
    for (let i = 0; i < count; i++) bits.skip(orderCountBits + 1);
  }
  bits.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  return true;
}

/** scaling_list_data() (§7.3.4), which is skipped. */
function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    const step = size === 3 ? 3 : 1;
    for (let matrix = 0; matrix < 6; matrix += step) {
      if (bits.read(1) === 0) {
        bits.readUnsigned(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      const coefficients = Math.min(64, 16 << (2 * size));
      if (size > 1) bits.readSigned(); // scaling_list_dc_coef_minus8
      for (let i = 0; i < coefficients && !bits.exhausted; i++) bits.readSigned();
    }
  }
}

/** All st_ref_pic_set() (§7.3.7); the length of one depends on the number of pictures in another. */
function skipReferenceSets(bits: BitReader): boolean {
  const count = bits.readUnsigned();
  if (count > MOST_SHORT_TERM_SETS) return false;
  let before = 0;
  for (let set = 0; set < count && !bits.exhausted; set++) {
    if (set > 0 && bits.read(1) === 1) {
      bits.skip(1); // delta_rps_sign
      bits.readUnsigned(); // abs_delta_rps_minus1
      let pictures = 0;
      for (let i = 0; i <= before; i++) {
        // used_by_curr_pic_flag, and use_delta_flag if that is 0.
        if (bits.read(1) === 1 || bits.read(1) === 1) pictures++;
      }
      before = pictures;
    } else {
      const negative = bits.readUnsigned();
      const positive = bits.readUnsigned();
      if (negative > MOST_IN_SET || positive > MOST_IN_SET) return false;
      before = negative + positive;
      for (let i = 0; i < before; i++) {
        bits.readUnsigned(); // delta_poc_minus1
        bits.skip(1); // used_by_curr_pic_flag
      }
    }
    if (before > MOST_IN_SET) return false;
  }
  return true;
}
