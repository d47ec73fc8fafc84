import type { ContainerName } from '../../media/container-name.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { ReadSampleEntry } from '../codec.ts';
import { type ColourDescription, UNSPECIFIED } from '../colour-description.ts';
import { NOT_REORDERED, type SampleEntry, type VideoConfiguration } from '../configuration.ts';
import { leadingBytes } from '../leading-bytes.ts';
import { type ColourConfig, LOOKED_AT_BYTES, readFrameHeader } from './frame-header.ts';
import { levelOf } from './level.ts';
import { LONGEST_INDEX, readSuperframeIndex } from './superframe.ts';

/** Size of the configuration record with version and flags, bytes. */
const RECORD_BYTES = 12;

type ColourCodes = [primaries: number, transfer: number, matrix: number];

const NO_COLOURS: ColourCodes = [UNSPECIFIED, UNSPECIFIED, UNSPECIFIED];

/**
 * Primaries, transfer and matrix by color_space; BT.2020 has two transfer code points for the same
 * curve.
 */
const COLOUR_SPACES: Record<number, ColourCodes> = {
  1: [6, 6, 6],
  2: [1, 1, 1],
  3: [6, 6, 6],
  4: [7, 7, 7],
  5: [9, 14, 9],
  7: [1, 13, 0],
};

/** Properties of the pictures. */
export interface Vp9PictureFacts {
  /** Picture size, pixels; the largest one of several spatial layers. */
  width: number;
  height: number;
  /** 0–3. */
  profile: number;
  /** 10 times the level. */
  level: number;
  /** Bits per sample: 8, 10 or 12. */
  bitDepth: number;
  /** Chroma subsampling as in the configuration record: 0 and 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chroma: number;
  colour: ColourDescription;
}

/** VP9 in a `vp09` track (VP Codec ISO Media File Format Binding §2). */
export class Vp9Configuration implements VideoConfiguration {
  readonly kind = 'video';
  readonly codec = 'vp9';
  readonly timescale = VIDEO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4'];
  readonly isLengthPrefixed = false;
  /** A frame or superframe shows one picture, and they are shown in decoding order. */
  readonly reordering = NOT_REORDERED;
  /** `vp09.` with profile, level and bit depth, and colours if they are not the default. */
  readonly codecString: string;
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** Absent if the stream does not describe its colours. */
  readonly colour?: ColourDescription;
  readonly #record: Buffer;

  constructor(facts: Vp9PictureFacts) {
    const { profile, level, bitDepth, chroma, colour } = facts;
    const { primaries, transfer, matrix, fullRange } = colour;
    const codes = [primaries, transfer, matrix];
    const isPlain =
      chroma === 1 && !fullRange && codes.every((code) => code === 1 || code === UNSPECIFIED);
    const short = ['vp09', ...[profile, level, bitDepth].map(two)].join('.');
    const long = [short, ...[chroma, ...codes, Number(fullRange)].map(two)].join('.');
    this.codecString = isPlain ? short : long;
    this.width = facts.width;
    this.height = facts.height;
    this.bitDepth = bitDepth;
    if (fullRange || codes.some((code) => code !== UNSPECIFIED)) this.colour = colour;
    const packed = (bitDepth << 4) | (chroma << 1) | Number(fullRange);
    // Preceded by version 1 and flags 0, followed by codecInitializationDataSize 0.
    this.#record = Buffer.of(1, 0, 0, 0, profile, level, packed, ...codes, 0, 0);
  }

  /** True if both describe the same pictures. */
  equals(other: VideoConfiguration): boolean {
    return (
      other instanceof Vp9Configuration &&
      this.width === other.width &&
      this.height === other.height &&
      this.#record.equals(other.#record)
    );
  }

  /** With VPCodecConfigurationBox, a full box (VP Codec ISO Media File Format Binding §2.2). */
  sampleEntry(container: ContainerName): SampleEntry {
    if (container !== 'mp4') throw new RangeError(`VP9 is not written to ${container}`);
    return { type: 'vp09', record: { type: 'vpcC', data: this.#record } };
  }
}

/** Parses the sample entry that {@link Vp9Configuration.sampleEntry} writes. */
export function readVp9SampleEntry(entry: ReadSampleEntry): Vp9Configuration | undefined {
  if (entry.container !== 'mp4' || entry.type !== 'vp09') return undefined;
  const data = entry.record('vpcC');
  if (data === undefined || data.length < RECORD_BYTES || data[0] !== 1) return undefined;
  const packed = data[6]!;
  const fullRange = (packed & 1) === 1;
  const colour = { primaries: data[7]!, transfer: data[8]!, matrix: data[9]!, fullRange };
  return new Vp9Configuration({
    ...{ width: entry.width, height: entry.height, profile: data[4]!, level: data[5]! },
    ...{ bitDepth: packed >> 4, chroma: (packed >> 1) & 7, colour },
  });
}

/**
 * Parses the header of a key frame, and the sizes of the spatial layers above it.
 *
 * @param parts a frame or superframe in pieces
 * @returns undefined if it does not begin with a key frame, is truncated or malformed
 */
export function readVp9Configuration(parts: readonly Buffer[]): Vp9Configuration | undefined {
  const header = readFrameHeader(leadingBytes(parts, LOOKED_AT_BYTES));
  if (header?.colour === undefined || header.size === undefined) return undefined;
  let { width, height } = header.size;
  for (const size of sizesOfUpperLayers(parts)) {
    width = Math.max(width, size.width);
    height = Math.max(height, size.height);
  }
  const chroma = chromaSubsampling(header.colour);
  if (chroma === undefined) return undefined;
  const { bitDepth, fullRange, colourSpace } = header.colour;
  const [primaries, transfer, matrix] = COLOUR_SPACES[colourSpace] ?? NO_COLOURS;
  return new Vp9Configuration({
    ...{ width, height, profile: header.profile, level: levelOf(width, height), bitDepth, chroma },
    colour: { primaries, transfer, matrix, fullRange },
  });
}

function sizesOfUpperLayers(parts: readonly Buffer[]): { width: number; height: number }[] {
  const last = parts.at(-1);
  const index = last === undefined ? undefined : readSuperframeIndex(last.subarray(-LONGEST_INDEX));
  if (index === undefined) return [];
  const whole = Buffer.concat(parts);
  const sizes: { width: number; height: number }[] = [];
  let offset = index[0]!;
  for (const bytes of index.slice(1)) {
    const header = readFrameHeader(whole.subarray(offset, offset + bytes));
    if (header?.size !== undefined) sizes.push(header.size);
    offset += bytes;
  }
  return sizes;
}

/**
 * Chroma subsampling as in the record; the position of 4:2:0 samples is unspecified, so the usual
 * one is assumed.
 */
function chromaSubsampling({ subsamplingX, subsamplingY }: ColourConfig): number | undefined {
  if (subsamplingX === 0) return subsamplingY === 0 ? 3 : undefined;
  return subsamplingY === 0 ? 2 : 1;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
