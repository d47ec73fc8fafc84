import type { BitReader } from '../bit-reader.ts';
import { NOT_REORDERED, type PictureReordering } from '../configuration.ts';

/** The parts of the parameter set before its VUI that {@link readReordering} needs. */
export interface ReorderingLimits {
  /** profile_idc, the constraint flags (set 0 is the highest bit) and level_idc. */
  profile: number;
  constraints: number;
  level: number;
  /** pic_order_cnt_type; 2 means that pictures are shown in decoding order. */
  pictureOrderCountType: number;
  /** Number of macroblocks in a frame. */
  frameMacroblocks: number;
}

const BASELINE = 66;
const CONSTRAINT_SET_3 = 0x10;
// Profiles in which constraint_set3_flag means that all pictures are intra pictures (§E.2.1).
const PROFILES_WITH_INTRA_FLAG = new Set([44, 86, 100, 110, 122, 244]);
const MOST_FRAMES = 16;

/** MaxDpbMbs by level_idc (ITU-T H.264 table A-1). */
const MOST_DECODED_MACROBLOCKS: [level: number, macroblocks: number][] = [
  [10, 396],
  [11, 900],
  [20, 2376],
  [21, 4752],
  [30, 8100],
  [31, 18_000],
  [32, 20_480],
  [41, 32_768],
  [42, 34_816],
  [50, 110_400],
  [52, 184_320],
  [62, 696_320],
];

/**
 * Reads how far pictures may be reordered: max_num_reorder_frames (ITU-T H.264 §E.2.1), or the
 * inferred value without it.
 * @param bits of a sequence parameter set, from chroma_loc_info_present_flag of its VUI on; undefined
 * without VUI
 */
export function readReordering(
  bits: BitReader | undefined,
  limits: ReorderingLimits,
): PictureReordering {
  const { profile, constraints, pictureOrderCountType } = limits;
  const isIntra = PROFILES_WITH_INTRA_FLAG.has(profile) && (constraints & CONSTRAINT_SET_3) !== 0;
  if (profile === BASELINE || isIntra || pictureOrderCountType === 2) {
    return NOT_REORDERED;
  }
  const most = mostDecodedFrames(limits);
  const declared = bits && readMaxReorderFrames(bits);
  // A truncated or invalid value is ignored; the picture size before it is known nevertheless.
  if (declared === undefined || bits?.exhausted || declared > MOST_FRAMES) {
    return { most, isDeclared: false };
  }
  return { most: declared, isDeclared: true };
}

/** MaxDpbFrames (§A.3.1 h). */
function mostDecodedFrames({ level, frameMacroblocks }: ReorderingLimits): number {
  const row = MOST_DECODED_MACROBLOCKS.find(([highest]) => level <= highest);
  if (row === undefined) return MOST_FRAMES;
  return Math.min(MOST_FRAMES, Math.floor(row[1] / frameMacroblocks));
}

/** vui_parameters() behind the colour description, up to max_num_reorder_frames (§E.1.1). */
function readMaxReorderFrames(bits: BitReader): number | undefined {
  if (bits.read(1) === 1) {
    bits.readUnsigned(); // chroma_sample_loc_type_top_field
    bits.readUnsigned(); // … bottom_field
  }
  if (bits.read(1) === 1) {
    bits.skip(32); // num_units_in_tick
    bits.skip(32); // time_scale
    bits.skip(1); // fixed_frame_rate_flag
  }
  const hasNalHrd = bits.read(1) === 1;
  if (hasNalHrd) skipHrd(bits);
  const hasVclHrd = bits.read(1) === 1;
  if (hasVclHrd) skipHrd(bits);
  if (hasNalHrd || hasVclHrd) bits.skip(1); // low_delay_hrd_flag
  bits.skip(1); // pic_struct_present_flag
  if (bits.read(1) === 0) return undefined;
  bits.skip(1); // motion_vectors_over_pic_boundaries_flag
  // max_bytes_per_pic_denom, max_bits_per_mb_denom, log2_max_mv_length_horizontal, …_vertical
  for (let i = 0; i < 4; i++) bits.readUnsigned();
  return bits.readUnsigned();
}

/** hrd_parameters() (§E.1.2), which are skipped. */
function skipHrd(bits: BitReader): void {
  const count = bits.readUnsigned() + 1;
  bits.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count && !bits.exhausted; i++) {
    bits.readUnsigned(); // bit_rate_value_minus1
    bits.readUnsigned(); // cpb_size_value_minus1
    bits.skip(1); // cbr_flag
  }
  bits.skip(20); // lengths of four fields of timing messages
}
