import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import { NOT_REORDERED } from '../configuration.ts';
import { leadingBytes } from '../leading-bytes.ts';

/**
 * What a player has to be told before the first frame: a VP8 stream has nothing that it would need to
 * say beside the size of its pictures.
 */
export class Vp8Configuration {
  readonly kind = 'video';
  readonly codec = 'vp8';
  readonly codecString = 'vp8';
  readonly timescale = VIDEO_TIMESCALE;
  readonly isLengthPrefixed = false;
  /** Frames are shown as they are decoded, if at all (RFC 6386 §9.1). */
  readonly reordering = NOT_REORDERED;
  /** Width and height in pixels, 1 to 16,383. */
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  /** True when both describe pictures of the same size. */
  equals(other: object): boolean {
    return (
      other instanceof Vp8Configuration &&
      this.width === other.width &&
      this.height === other.height
    );
  }
}

/** Bytes of a key frame's header that are not entropy coded (RFC 6386 §9.1). */
export const KEY_FRAME_HEADER_BYTES = 10;

/** Whether a frame with this first byte is a key frame: the lowest bit is 0 (RFC 6386 §9.1). */
export function isKeyFrame(firstByte: number): boolean {
  return (firstByte & 1) === 0;
}

/**
 * Reads the header of a key frame (RFC 6386 §9.1).
 *
 * @param parts a frame in pieces
 * @returns undefined when it is no key frame, is cut short or breaks the format
 */
export function readVp8Configuration(parts: readonly Buffer[]): Vp8Configuration | undefined {
  const header = leadingBytes(parts, KEY_FRAME_HEADER_BYTES);
  if (header.length < KEY_FRAME_HEADER_BYTES || !isKeyFrame(header[0]!)) return undefined;
  if (header.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  // The two highest bits of each ask for a display at another size, which nobody does.
  const width = header.readUInt16LE(6) & 0x3fff;
  const height = header.readUInt16LE(8) & 0x3fff;
  return width === 0 || height === 0 ? undefined : new Vp8Configuration(width, height);
}
