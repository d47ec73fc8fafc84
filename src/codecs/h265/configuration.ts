import type { ContainerName } from '../../media/container-name.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { SampleAspectRatio } from '../../media/picture-size.ts';
import type { ReadSampleEntry } from '../codec.ts';
import type { ColourDescription } from '../colour-description.ts';
import type { PictureReordering, SampleEntry, VideoConfiguration } from '../configuration.ts';
import {
  type H265Sets,
  hevcDecoderConfigurationRecord,
  readHevcRecord,
} from './decoder-configuration-record.ts';
import { codecString } from './profile-tier-level.ts';
import { parseSequenceParameterSet, type SequenceParameterSet } from './sps.ts';

/** H265 with out-of-band parameter sets: sample entry `hvc1` (ISO/IEC 14496-15 §8.4.1). */
export class H265Configuration implements VideoConfiguration {
  readonly kind = 'video';
  readonly codec = 'h265';
  readonly timescale = VIDEO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4'];
  readonly isLengthPrefixed = true;
  /** `hvc1.` and profile, compatibility, tier, level and constraints. */
  readonly codecString: string;
  /** Picture size inside the conformance window, pixels. */
  readonly width: number;
  readonly height: number;
  /** Bits per luma sample. */
  readonly bitDepth: number;
  /** How far decoding order and presentation order may differ. */
  readonly reordering: PictureReordering;
  /** Absent if the stream does not describe its colours. */
  readonly colour?: ColourDescription;
  /** Absent if samples are square, as far as known. */
  readonly sampleAspectRatio?: SampleAspectRatio;
  /**
   * The parameter set NAL units, without start codes: the active VPS and SPS, and their PPSs by id.
   */
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  readonly #parsed: SequenceParameterSet;

  /**
   * @param parsed the sequence parameter set
   * @param sets NAL units of the video, sequence and picture parameter sets
   */
  constructor(parsed: SequenceParameterSet, sets: H265Sets) {
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

  get parameterSets(): readonly Buffer[] {
    return [...this.vps, ...this.sps, ...this.pps];
  }

  /** True if both have the same parameter sets, byte for byte. */
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
    const data = hevcDecoderConfigurationRecord(this.#parsed, this);
    return { type: 'hvc1', record: { type: 'hvcC', data } };
  }
}

/** Parses the sample entry that {@link H265Configuration.sampleEntry} writes. */
export function readH265SampleEntry(entry: ReadSampleEntry): H265Configuration | undefined {
  if (entry.container !== 'mp4' || entry.type !== 'hvc1') return undefined;
  const data = entry.record('hvcC');
  const sets = data && readHevcRecord(data);
  const sps = sets?.sps[0];
  const parsed = sps && parseSequenceParameterSet(sps);
  return parsed && new H265Configuration(parsed, sets!);
}

function sameBuffers(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((buffer, i) => buffer.equals(b[i]!));
}
