import { NAL_TYPE } from './nal-unit.ts';
import type { SequenceParameterSet } from './sps.ts';

/** Size of the record before the arrays of parameter sets, bytes. */
const HEAD_BYTES = 23;

/** Parameter set NAL units, without start codes. */
export interface H265Sets {
  vps: readonly Buffer[];
  sps: readonly Buffer[];
  pps: readonly Buffer[];
}

/**
 * HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1), with 4-byte NAL lengths.
 *
 * @param parsed the active sequence parameter set
 * @throws RangeError for oversized sets
 */
export function hevcDecoderConfigurationRecord(
  parsed: SequenceParameterSet,
  { vps, sps, pps }: H265Sets,
): Buffer {
  const { profileTierLevel, chromaFormat, subLayers, isTemporalIdNested } = parsed;
  const { profileSpace, tier, profile, compatibility, constraints, level } = profileTierLevel;
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = 1;
  head[1] = (profileSpace << 6) | (tier << 5) | profile;
  head.writeUInt32BE(compatibility, 2);
  constraints.copy(head, 6);
  head[12] = level;
  // Unspecified: min_spatial_segmentation_idc, parallelismType, avgFrameRate, constantFrameRate.
  head.writeUInt16BE(0xf000, 13);
  head[15] = 0xfc;
  head[16] = 0xfc | chromaFormat;
  head[17] = 0xf8 | (parsed.lumaBitDepth - 8);
  head[18] = 0xf8 | (parsed.chromaBitDepth - 8);
  head[21] = (subLayers << 3) | (Number(isTemporalIdNested) << 2) | 3;
  head[22] = 3;
  return Buffer.concat([
    head,
    ...arrayOf(NAL_TYPE.vps, vps),
    ...arrayOf(NAL_TYPE.sps, sps),
    ...arrayOf(NAL_TYPE.pps, pps),
  ]);
}

/**
 * Parses the parameter sets of such a record.
 *
 * @returns undefined if it is damaged
 */
export function readHevcRecord(data: Buffer): H265Sets | undefined {
  if (data.length < HEAD_BYTES || data[0] !== 1) return undefined;
  const sets = new Map<number, Buffer[]>();
  let at = HEAD_BYTES;
  for (let left = data[22]!; left > 0; left--) {
    if (at + 3 > data.length) return undefined;
    const type = data[at]! & 0x3f;
    const count = data.readUInt16BE(at + 1);
    at += 3;
    const nalUnits = sets.get(type) ?? [];
    for (let unit = 0; unit < count; unit++) {
      if (at + 2 > data.length) return undefined;
      const end = at + 2 + data.readUInt16BE(at);
      if (end > data.length) return undefined;
      nalUnits.push(data.subarray(at + 2, end));
      at = end;
    }
    sets.set(type, nalUnits);
  }
  const of = (type: number) => sets.get(type) ?? [];
  return { vps: of(NAL_TYPE.vps), sps: of(NAL_TYPE.sps), pps: of(NAL_TYPE.pps) };
}

/** One array with all parameter sets of a kind; samples contain none (array_completeness). */
function arrayOf(type: number, nalUnits: readonly Buffer[]): Buffer[] {
  const chunks: Buffer[] = [Buffer.of(0x80 | type), uint16(nalUnits.length)];
  for (const nalUnit of nalUnits) chunks.push(uint16(nalUnit.length), nalUnit);
  return chunks;
}

function uint16(value: number): Buffer {
  if (value > 0xffff) throw new RangeError(`parameter set of ${value} bytes does not fit 16 bits`);
  return Buffer.of(value >> 8, value & 0xff);
}
