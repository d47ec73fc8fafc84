import type { ContainerName } from '../../media/container-name.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { ReadSampleEntry } from '../codec.ts';
import { NOT_REORDERED, type SampleEntry, type VideoConfiguration } from '../configuration.ts';
import { leadingBytes } from '../leading-bytes.ts';

/** Maximum width and height: 14 bits (RFC 6386 §9.1). */
const MOST_SIDE = 0x3fff;

/**
 * VP8 in a `V_VP8` track of WebM; the draft for VP8 in MP4 is supported by few players. A decoder
 * needs no configuration except the picture size.
 */
export class Vp8Configuration implements VideoConfiguration {
  readonly kind = 'video';
  readonly codec = 'vp8';
  readonly codecString = 'vp8';
  readonly timescale = VIDEO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['webm'];
  readonly isLengthPrefixed = false;
  /** Frames are shown in decoding order, if at all (RFC 6386 §9.1). */
  readonly reordering = NOT_REORDERED;
  /** Width and height in pixels, 1 to 16,383. */
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  /** True if both describe pictures of the same size. */
  equals(other: VideoConfiguration): boolean {
    return (
      other instanceof Vp8Configuration &&
      this.width === other.width &&
      this.height === other.height
    );
  }

  sampleEntry(container: ContainerName): SampleEntry {
    if (container !== 'webm') throw new RangeError(`VP8 is not written to ${container}`);
    return { type: 'V_VP8' };
  }
}

/** Parses the sample entry that {@link Vp8Configuration.sampleEntry} writes. */
export function readVp8SampleEntry(entry: ReadSampleEntry): Vp8Configuration | undefined {
  if (entry.container !== 'webm' || entry.type !== 'V_VP8') return undefined;
  const { width, height } = entry;
  const isValid = [width, height].every((side) => side >= 1 && side <= MOST_SIDE);
  return isValid ? new Vp8Configuration(width, height) : undefined;
}

/** Size of the part of a key frame's header that is not entropy coded (RFC 6386 §9.1), bytes. */
export const KEY_FRAME_HEADER_BYTES = 10;

/** Whether a frame with this first byte is a key frame: the lowest bit is 0 (RFC 6386 §9.1). */
export function isKeyFrame(firstByte: number): boolean {
  return (firstByte & 1) === 0;
}

/**
 * Parses the header of a key frame (RFC 6386 §9.1).
 *
 * @param parts a frame in pieces
 * @returns undefined if it is not a key frame, is truncated or malformed
 */
export function readVp8Configuration(parts: readonly Buffer[]): Vp8Configuration | undefined {
  const header = leadingBytes(parts, KEY_FRAME_HEADER_BYTES);
  if (header.length < KEY_FRAME_HEADER_BYTES || !isKeyFrame(header[0]!)) return undefined;
  if (header.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  // The two highest bits request scaling, which no encoder uses.
  const width = header.readUInt16LE(6) & MOST_SIDE;
  const height = header.readUInt16LE(8) & MOST_SIDE;
  return width === 0 || height === 0 ? undefined : new Vp8Configuration(width, height);
}
