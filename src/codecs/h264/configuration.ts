import type { ContainerName } from '../../media/container-name.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { SampleAspectRatio } from '../../media/picture-size.ts';
import type { ReadSampleEntry } from '../codec.ts';
import type { ColourDescription } from '../colour-description.ts';
import {
  NOT_REORDERED,
  type PictureReordering,
  type SampleEntry,
  type VideoConfiguration,
} from '../configuration.ts';
import { avcDecoderConfigurationRecord, readAvcRecord } from './decoder-configuration-record.ts';
import { parseSequenceParameterSet, type SequenceParameterSet } from './sps.ts';

/** Properties of the pictures, all from the sequence parameter set. */
export type H264PictureFacts = Pick<
  SequenceParameterSet,
  'codecString' | 'width' | 'height' | 'reordering' | 'colour' | 'sampleAspectRatio'
>;

/** H264 with out-of-band parameter sets: sample entry `avc1` (ISO/IEC 14496-15 §5.4.2.1). */
export class H264Configuration implements VideoConfiguration {
  readonly kind = 'video';
  readonly codec = 'h264';
  readonly timescale = VIDEO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4'];
  readonly isLengthPrefixed = true;
  /** `avc1.` and bytes 1–3 of the SPS in hexadecimal. */
  readonly codecString: string;
  readonly width: number;
  readonly height: number;
  readonly reordering: PictureReordering;
  /** Absent if the stream does not describe its colours. */
  readonly colour?: ColourDescription;
  /** Absent if samples are square or the stream does not say. */
  readonly sampleAspectRatio?: SampleAspectRatio;
  /** The active sequence parameter set NAL unit, without start code. */
  readonly sps: readonly Buffer[];
  /** The picture parameter set NAL units that refer to it, by id. */
  readonly pps: readonly Buffer[];

  constructor(facts: H264PictureFacts, sps: readonly Buffer[], pps: readonly Buffer[]) {
    this.codecString = facts.codecString;
    this.width = facts.width;
    this.height = facts.height;
    this.reordering = facts.reordering;
    if (facts.colour) this.colour = facts.colour;
    if (facts.sampleAspectRatio) this.sampleAspectRatio = facts.sampleAspectRatio;
    this.sps = sps;
    this.pps = pps;
  }

  get parameterSets(): readonly Buffer[] {
    return [...this.sps, ...this.pps];
  }

  /** True if both have the same parameter sets, byte for byte. */
  equals(other: VideoConfiguration): boolean {
    return (
      other instanceof H264Configuration &&
      sameBuffers(this.sps, other.sps) &&
      sameBuffers(this.pps, other.pps)
    );
  }

  sampleEntry(container: ContainerName): SampleEntry {
    if (container !== 'mp4') throw new RangeError(`H264 is not written to ${container}`);
    const data = avcDecoderConfigurationRecord(this.sps, this.pps);
    return { type: 'avc1', record: { type: 'avcC', data } };
  }
}

/** Parses the sample entry that {@link H264Configuration.sampleEntry} writes. */
export function readH264Configuration(entry: ReadSampleEntry): H264Configuration | undefined {
  if (entry.container !== 'mp4' || entry.type !== 'avc1') return undefined;
  const data = entry.record('avcC');
  const record = data && readAvcRecord(data);
  if (record === undefined) return undefined;
  const { codecString, sps, pps } = record;
  const { width, height } = entry;
  const parsed = sps[0] && parseSequenceParameterSet(sps[0]);
  // Codecs string and size are known also where the set cannot be read.
  const facts = { reordering: NOT_REORDERED, ...parsed, codecString, width, height };
  return new H264Configuration(facts, sps, pps);
}

function sameBuffers(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((buffer, i) => buffer.equals(b[i]!));
}
