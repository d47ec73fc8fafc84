import type { SampleAspectRatio } from '../media/picture-size.ts';
import type { BitReader } from './bit-reader.ts';
import { type ColourDescription, UNSPECIFIED } from './colour-description.ts';

/** Video usability information about the presentation of a picture. */
export interface Vui {
  /** Absent if unspecified or square. */
  sampleAspectRatio?: SampleAspectRatio;
  /** Absent if unspecified. */
  colour?: ColourDescription;
}

const EXTENDED_ASPECT_RATIO = 255;

/** Sample aspect ratios by aspect_ratio_idc (ITU-T H.264 and H.265, both table E-1). */
const ASPECT_RATIOS: ([width: number, height: number] | undefined)[] = [
  undefined,
  undefined,
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/**
 * Reads vui_parameters() up to the colour description, as far as H264 (§E.1.1) and H265 (§E.2.1) have the
 * same.
 *
 * @param bits from aspect_ratio_info_present_flag on
 */
export function readVui(bits: BitReader): Vui {
  const vui: Vui = {};
  if (bits.read(1) === 1) {
    const shape = readAspectRatio(bits);
    if (shape !== undefined && shape.width !== shape.height) vui.sampleAspectRatio = shape;
  }
  if (bits.read(1) === 1) bits.skip(1); // overscan_appropriate_flag
  if (bits.read(1) === 0) return vui;
  bits.skip(3); // video_format
  const colour = {
    ...{ primaries: UNSPECIFIED, transfer: UNSPECIFIED, matrix: UNSPECIFIED },
    fullRange: bits.read(1) === 1,
  };
  const isDescribed = bits.read(1) === 1;
  if (isDescribed) {
    colour.primaries = bits.read(8);
    colour.transfer = bits.read(8);
    colour.matrix = bits.read(8);
  }
  if (isDescribed || colour.fullRange) vui.colour = colour;
  return vui;
}

function readAspectRatio(bits: BitReader): SampleAspectRatio | undefined {
  const index = bits.read(8);
  if (index !== EXTENDED_ASPECT_RATIO) {
    const shape = ASPECT_RATIOS[index];
    return shape && { width: shape[0], height: shape[1] };
  }
  const width = bits.read(16);
  const height = bits.read(16);
  return width === 0 || height === 0 ? undefined : { width, height };
}
