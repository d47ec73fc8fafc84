import { BitWriter, insertEmulationPrevention } from '../bit-writer.ts';
import type { BlankPictures, VideoConfiguration } from '../configuration.ts';
import { H264Configuration } from './configuration.ts';
import { H264ParameterSets } from './parameter-sets.ts';
import { parseSequenceParameterSet } from './sps.ts';

/** What a picture is made of: luma samples, chroma_format_idc and bits of a sample. */
interface PictureShape {
  width: number;
  height: number;
  chromaFormat: number;
  lumaBitDepth: number;
  chromaBitDepth: number;
}

/** Where nothing is known of the pictures before. */
const USUAL: PictureShape = {
  ...{ width: 320, height: 180 },
  ...{ chromaFormat: 1, lumaBitDepth: 8, chromaBitDepth: 8 },
};

// Headers of NAL units: an SPS, a PPS and a slice of an IDR picture (ITU-T H.264 §7.3.1).
const SPS_HEADER = 0x67;
const PPS_HEADER = 0x68;
const IDR_HEADER = 0x65;

const CONSTRAINED_BASELINE = [66, 0xc0] as const;
const HIGH_422 = [122, 0] as const;
const HIGH_444_PREDICTIVE = [244, 0] as const;

const MONOCHROME = 0;
const FULL_CHROMA = 3;

/** Macroblocks of a frame by level_idc (table A-1). */
const MOST_MACROBLOCKS: readonly (readonly [level: number, macroblocks: number])[] = [
  [10, 99],
  [11, 396],
  [21, 792],
  [22, 1620],
  [31, 3600],
  [32, 5120],
  [40, 8192],
  [42, 8704],
  [50, 22_080],
  [52, 36_864],
  [62, 139_264],
];

/** Luma of black is so much below the middle, which what is predicted of nothing has, for 8 bits. */
const BELOW_MIDDLE = 112;
/** The quantizer, at 8 bits, with which a level of the luma DC is the difference that it makes. */
const PLAIN_QP = 28;
/** The quantizer that a picture parameter set without a change means. */
const INITIAL_QP = 26;
const SLICE_OF_INTRA = 7;
/** mb_type: Intra_16x16, predicted from the mean of what is beside it, no AC coefficients (table 7-11). */
const FLAT_MACROBLOCK = 3;

/**
 * Black pictures, to stand in for a camera that is off, of the size and format of other ones. The first
 * macroblock says that it is black, and all others are like it: one byte each.
 */
export function blankH264Pictures(like: VideoConfiguration | undefined): BlankPictures {
  const shape = (like instanceof H264Configuration && shapeOf(like)) || USUAL;
  // Pictures that follow each other must differ in their idr_pic_id (§7.4.3).
  const parts = [[idrPicture(shape, 0)], [idrPicture(shape, 1)]];
  const sets = new H264ParameterSets();
  sets.strip([sequenceParameterSet(shape), pictureParameterSet(), parts[0]![0]!]);
  return { configuration: sets.current()!, parts: (index) => parts[index % 2]! };
}

function shapeOf({ sps }: H264Configuration): PictureShape | undefined {
  const parsed = sps[0] && parseSequenceParameterSet(sps[0]);
  return parsed?.hasSeparateColourPlanes ? { ...parsed, ...chromaOf(USUAL) } : parsed;
}

function chromaOf({ chromaFormat, lumaBitDepth, chromaBitDepth }: PictureShape) {
  return { chromaFormat, lumaBitDepth, chromaBitDepth };
}

function sequenceParameterSet(shape: PictureShape): Buffer {
  const { width, height, chromaFormat, lumaBitDepth, chromaBitDepth } = shape;
  const [profile, constraints] = profileOf(shape);
  const { columns, rows } = macroblocks(shape);
  const bits = new BitWriter();
  bits.write(8, profile);
  bits.write(8, constraints);
  bits.write(8, levelOf(columns, rows));
  bits.writeUnsigned(0); // seq_parameter_set_id
  if (profile !== CONSTRAINED_BASELINE[0]) {
    bits.writeUnsigned(chromaFormat);
    if (chromaFormat === FULL_CHROMA) bits.write(1, 0); // separate_colour_plane_flag
    bits.writeUnsigned(lumaBitDepth - 8);
    bits.writeUnsigned(chromaBitDepth - 8);
    bits.write(2, 0); // qpprime_y_zero_transform_bypass_flag, seq_scaling_matrix_present_flag
  }
  bits.writeUnsigned(0); // log2_max_frame_num_minus4
  bits.writeUnsigned(2); // pic_order_cnt_type: shown as they are decoded
  bits.writeUnsigned(1); // max_num_ref_frames
  bits.write(1, 0); // gaps_in_frame_num_value_allowed_flag
  bits.writeUnsigned(columns - 1);
  bits.writeUnsigned(rows - 1);
  bits.write(2, 3); // frame_mbs_only_flag, direct_8x8_inference_flag
  // §7.4.2.1.1: cropping counts in chroma samples.
  const right = (16 * columns - width) / (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1);
  const bottom = (16 * rows - height) / (chromaFormat === 1 ? 2 : 1);
  const isCropped = right > 0 || bottom > 0;
  bits.write(1, Number(isCropped));
  if (isCropped) for (const side of [0, right, 0, bottom]) bits.writeUnsigned(side);
  bits.write(1, 0); // vui_parameters_present_flag
  return nalUnit(SPS_HEADER, bits);
}

function profileOf({ chromaFormat, lumaBitDepth, chromaBitDepth }: PictureShape) {
  const bitDepth = Math.max(lumaBitDepth, chromaBitDepth);
  if (chromaFormat === 1 && bitDepth === 8) return CONSTRAINED_BASELINE;
  return chromaFormat < FULL_CHROMA && bitDepth <= 10 ? HIGH_422 : HIGH_444_PREDICTIVE;
}

function levelOf(columns: number, rows: number): number {
  const longest = Math.max(columns, rows);
  // A side may have up to √(8 · MaxFS) macroblocks (§A.3.1).
  const found = MOST_MACROBLOCKS.find(
    ([, most]) => columns * rows <= most && longest * longest <= 8 * most,
  );
  return (found ?? MOST_MACROBLOCKS.at(-1)!)[0];
}

function macroblocks({ width, height }: PictureShape) {
  return { columns: Math.ceil(width / 16), rows: Math.ceil(height / 16) };
}

function pictureParameterSet(): Buffer {
  const bits = new BitWriter();
  bits.writeUnsigned(0); // pic_parameter_set_id
  bits.writeUnsigned(0); // seq_parameter_set_id
  bits.write(2, 0); // entropy_coding_mode_flag, bottom_field_pic_order_in_frame_present_flag
  // num_slice_groups_minus1, num_ref_idx_l0_default_active_minus1, num_ref_idx_l1_default_active_minus1
  for (let i = 0; i < 3; i++) bits.writeUnsigned(0);
  bits.write(3, 0); // weighted_pred_flag, weighted_bipred_idc
  for (let i = 0; i < 3; i++) bits.writeSigned(0); // quantizers, as they are
  bits.write(3, 0); // deblocking control, constrained_intra_pred_flag, redundant pictures
  return nalUnit(PPS_HEADER, bits);
}

function idrPicture(shape: PictureShape, idrPictureId: number): Buffer {
  const { columns, rows } = macroblocks(shape);
  const raised = shape.lumaBitDepth - 8;
  const bits = new BitWriter();
  bits.writeUnsigned(0); // first_mb_in_slice
  bits.writeUnsigned(SLICE_OF_INTRA);
  bits.writeUnsigned(0); // pic_parameter_set_id
  bits.write(4, 0); // frame_num
  bits.writeUnsigned(idrPictureId);
  bits.write(2, 0); // no_output_of_prior_pics_flag, long_term_reference_flag
  bits.writeSigned(PLAIN_QP - 6 * raised - INITIAL_QP);
  for (let at = 0; at < columns * rows; at++) {
    bits.writeUnsigned(FLAT_MACROBLOCK);
    const hasOwnChroma = shape.chromaFormat !== MONOCHROME && shape.chromaFormat !== FULL_CHROMA;
    if (hasOwnChroma) bits.writeUnsigned(0); // intra_chroma_pred_mode: the mean
    bits.writeSigned(0); // mb_qp_delta
    if (at === 0) writeDarkerBy(bits, BELOW_MIDDLE << raised);
    else bits.write(1, 1); // coeff_token: no coefficient
    if (shape.chromaFormat === FULL_CHROMA) bits.write(2, 3); // the same of Cb and Cr
  }
  return nalUnit(IDR_HEADER, bits);
}

/** residual_block_cavlc (§7.3.5.3.2) of one coefficient, the DC, beside blocks without any. */
function writeDarkerBy(bits: BitWriter, difference: number): void {
  bits.write(6, 0b000101); // coeff_token: one coefficient, larger than one
  // §9.2.2.1: level_prefix and level_suffix of a negative level beyond ±1.
  const levelCode = 2 * difference - 3;
  let prefix = 15;
  let least = 30;
  while (levelCode >= least + 2 ** (prefix - 3)) least += 2 ** (prefix++ - 3);
  bits.write(prefix + 1, 1);
  bits.write(prefix - 3, levelCode - least);
  bits.write(1, 1); // total_zeros: none before it
}

function nalUnit(header: number, bits: BitWriter): Buffer {
  return Buffer.concat([Buffer.of(header), insertEmulationPrevention(bits.end())]);
}
