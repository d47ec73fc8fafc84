import type { ContainerName } from '../../media/container-name.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { ColourDescription } from '../colour-description.ts';
import type { PictureReordering, SampleEntry, VideoConfiguration } from '../configuration.ts';
import { nalType } from './nal-unit.ts';
import { codecString } from './profile-tier-level.ts';
import type { SequenceParameterSet } from './sps.ts';
import type { SampleAspectRatio } from './vui.ts';

/** H265 with its parameter sets out of band: sample entry `hvc1` (ISO/IEC 14496-15 §8.4.1). */
export class H265Configuration implements VideoConfiguration {
  readonly kind = 'video';
  readonly codec = 'h265';
  readonly timescale = VIDEO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4'];
  readonly isLengthPrefixed = true;
  /** `hvc1.` and profile, compatibility, tier, level and constraints. */
  readonly codecString: string;
  /** Picture width and height in pixels, inside the conformance window. */
  readonly width: number;
  readonly height: number;
  /** Bits of a luma sample. */
  readonly bitDepth: number;
  /** How far the order of decoding may differ from that of showing. */
  readonly reordering: PictureReordering;
  /** Absent where the stream does not describe its colours. */
  readonly colour?: ColourDescription;
  /** Absent where samples are square, as far as the stream says. */
  readonly sampleAspectRatio?: SampleAspectRatio;
  /** The parameter set NAL units, without start codes; the active VPS and SPS, and their PPSs by id. */
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  readonly #parsed: SequenceParameterSet;

  /**
   * @param parsed the sequence parameter set
   * @param sets NAL units of the video, sequence and picture parameter sets
   */
  constructor(
    parsed: SequenceParameterSet,
    sets: { vps: readonly Buffer[]; sps: readonly Buffer[]; pps: readonly Buffer[] },
  ) {
    this.codecString = codecString(parsed.profileTierLevel);
    this.width = parsed.width;
    this.height = parsed.height;
    this.bitDepth = parsed.lumaBitDepth;
    this.reordering = { most: parsed.mostReordered, isDeclared: true };
    if (parsed.colour) this.colour = parsed.colour;
    if (parsed.sampleAspectRatio) this.sampleAspectRatio = parsed.sampleAspectRatio;
    this.vps = sets.vps;
    this.sps = sets.sps;
    this.pps = sets.pps;
    this.#parsed = parsed;
  }

  /** True when both hold the same parameter sets, byte for byte. */
  equals(other: VideoConfiguration): boolean {
    return (
      other instanceof H265Configuration &&
      sameBuffers(this.vps, other.vps) &&
      sameBuffers(this.sps, other.sps) &&
      sameBuffers(this.pps, other.pps)
    );
  }

  sampleEntry(container: ContainerName): SampleEntry {
    if (container !== 'mp4') throw new RangeError(`H265 is not written to ${container}`);
    return { type: 'hvc1', record: { type: 'hvcC', data: this.record() } };
  }

  /** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1), with lengths of 4 bytes. */
  record(): Buffer {
    const { profileTierLevel, chromaFormat, subLayers, isTemporalIdNested } = this.#parsed;
    const { profileSpace, tier, profile, compatibility, constraints, level } = profileTierLevel;
    const head = Buffer.alloc(23);
    head[0] = 1;
    head[1] = (profileSpace << 6) | (tier << 5) | profile;
    head.writeUInt32BE(compatibility, 2);
    constraints.copy(head, 6);
    head[12] = level;
    // Not said: min_spatial_segmentation_idc, parallelismType, avgFrameRate, constantFrameRate.
    head.writeUInt16BE(0xf000, 13);
    head[15] = 0xfc;
    head[16] = 0xfc | chromaFormat;
    head[17] = 0xf8 | (this.#parsed.lumaBitDepth - 8);
    head[18] = 0xf8 | (this.#parsed.chromaBitDepth - 8);
    head[21] = (subLayers << 3) | (Number(isTemporalIdNested) << 2) | 3;
    const arrays = [
      ...arrayOf(nalType.vps, this.vps),
      ...arrayOf(nalType.sps, this.sps),
      ...arrayOf(nalType.pps, this.pps),
    ];
    head[22] = 3;
    return Buffer.concat([head, ...arrays]);
  }
}

/** One array of the record: all parameter sets of a kind. */
function arrayOf(type: number, nalUnits: readonly Buffer[]): Buffer[] {
  const head = Buffer.of(0x80 | type, 0, 0);
  head.writeUInt16BE(nalUnits.length, 1);
  return [
    head,
    ...nalUnits.flatMap((nalUnit) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(nalUnit.length);
      return [length, nalUnit];
    }),
  ];
}

function sameBuffers(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((buffer, i) => buffer.equals(b[i]!));
}
