import type { ContainerName } from '../../media/container-name.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { ReadSampleEntry } from '../codec.ts';
import { type ColourDescription, UNSPECIFIED } from '../colour-description.ts';
import { NOT_REORDERED, type SampleEntry, type VideoConfiguration } from '../configuration.ts';
import { leadingBytes } from '../leading-bytes.ts';
import { leb128Bytes, OBU_TYPE, readObuHeader, writeObuHeader } from './obu.ts';
import { readSequenceHeader, type SequenceHeader } from './sequence-header.ts';

// Size of the beginning that is searched for a sequence header, which is preceded by metadata at
// most, bytes.
const LOOKED_AT_BYTES = 1024;
/** Size of the configuration record before its OBUs, bytes. */
const RECORD_HEAD_BYTES = 4;

/** AV1 in an `av01` track (AV1 Codec ISO Media File Format Binding §2.2). */
export class Av1Configuration implements VideoConfiguration {
  readonly kind = 'video';
  readonly codec = 'av1';
  readonly timescale = VIDEO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4'];
  readonly isLengthPrefixed = false;
  /** A temporal unit shows one picture, and they are shown in decoding order. */
  readonly reordering = NOT_REORDERED;
  /** `av01.` with profile, level, tier and bit depth, and colours if they are not the default. */
  readonly codecString: string;
  /** Width and height of the largest frame, pixels. */
  readonly width: number;
  readonly height: number;
  /** Bits per sample: 8, 10 or 12. */
  readonly bitDepth: number;
  /** Absent if the stream does not describe its colours. */
  readonly colour?: ColourDescription;
  /** The sequence header OBU, with a size field. */
  readonly sequenceHeader: Buffer;
  readonly #parsed: SequenceHeader;

  /** @param sequenceHeader the parsed OBU, with a size field */
  constructor(parsed: SequenceHeader, sequenceHeader: Buffer) {
    this.codecString = codecString(parsed);
    this.width = parsed.width;
    this.height = parsed.height;
    this.bitDepth = parsed.bitDepth;
    if (isDescribed(parsed.colour)) this.colour = parsed.colour;
    this.sequenceHeader = sequenceHeader;
    this.#parsed = parsed;
  }

  /** True if both have the same sequence header, byte for byte. */
  equals(other: VideoConfiguration): boolean {
    return other instanceof Av1Configuration && this.sequenceHeader.equals(other.sequenceHeader);
  }

  sampleEntry(container: ContainerName): SampleEntry {
    if (container !== 'mp4') throw new RangeError(`AV1 is not written to ${container}`);
    const data = configurationRecord(this.#parsed, this.sequenceHeader);
    return { type: 'av01', record: { type: 'av1C', data } };
  }
}

/** Parses the sample entry that {@link Av1Configuration.sampleEntry} writes. */
export function readAv1SampleEntry(entry: ReadSampleEntry): Av1Configuration | undefined {
  if (entry.container !== 'mp4' || entry.type !== 'av01') return undefined;
  const data = entry.record('av1C');
  return data && readAv1Configuration([data.subarray(RECORD_HEAD_BYTES)]);
}

/**
 * Parses the sequence header of a temporal unit.
 *
 * @param parts a temporal unit in pieces, OBUs with size fields
 * @returns undefined if there is none, or it is malformed
 */
export function readAv1Configuration(parts: readonly Buffer[]): Av1Configuration | undefined {
  const bytes = leadingBytes(parts, LOOKED_AT_BYTES);
  for (let at = 0; at < bytes.length; ) {
    const header = readObuHeader(bytes, at);
    if (header?.size === undefined) return undefined;
    const start = at + header.bytes;
    const end = start + header.size;
    if (header.type === OBU_TYPE.sequenceHeader) {
      if (end > bytes.length) return undefined;
      const payload = bytes.subarray(start, end);
      const parsed = readSequenceHeader(payload);
      return parsed && new Av1Configuration(parsed, withSize(bytes.subarray(at), payload));
    }
    at = end;
  }
  return undefined;
}

/** A copy of a small OBU with the shortest possible size field. */
function withSize(obu: Buffer, payload: Buffer): Buffer {
  const headerBytes = (obu[0]! & 0x04) === 0 ? 1 : 2;
  const head = Buffer.alloc(headerBytes + leb128Bytes(payload.length));
  writeObuHeader(head, obu, payload.length);
  return Buffer.concat([head, payload]);
}

function isDescribed({ primaries, transfer, matrix, fullRange }: ColourDescription): boolean {
  return fullRange || [primaries, transfer, matrix].some((code) => code !== UNSPECIFIED);
}

/**
 * Codecs string (AV1 Codec ISO Media File Format Binding §5). The optional fields are all written
 * if any differs from its default.
 */
function codecString(header: SequenceHeader): string {
  const { profile, level, tier, bitDepth, colour } = header;
  const short = `av01.${profile}.${two(level)}${tier === 0 ? 'M' : 'H'}.${two(bitDepth)}`;
  const { subsamplingX, subsamplingY, chromaSamplePosition, isMonochrome } = header;
  const chroma = `${subsamplingX}${subsamplingY}${chromaSamplePosition}`;
  const { primaries, transfer, matrix, fullRange } = colour;
  const isPlain =
    !isMonochrome &&
    chroma === '110' &&
    !fullRange &&
    [primaries, transfer, matrix].every((code) => code === 1 || code === UNSPECIFIED);
  if (isPlain) return short;
  const colours = [primaries, transfer, matrix].map(two).join('.');
  return `${short}.${Number(isMonochrome)}.${chroma}.${colours}.${Number(fullRange)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** AV1CodecConfigurationRecord (AV1 Codec ISO Media File Format Binding §2.3.3). */
function configurationRecord(header: SequenceHeader, sequenceHeader: Buffer): Buffer {
  const { profile, level, tier, bitDepth } = header;
  const depthFlags = (bitDepth > 8 ? 0x40 : 0) | (bitDepth === 12 ? 0x20 : 0);
  const chromaFlags =
    (Number(header.isMonochrome) << 4) |
    (header.subsamplingX << 3) |
    (header.subsamplingY << 2) |
    header.chromaSamplePosition;
  const head = Buffer.of(0x81, (profile << 5) | level, (tier << 7) | depthFlags | chromaFlags, 0);
  return Buffer.concat([head, sequenceHeader]);
}
