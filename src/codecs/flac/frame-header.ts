import { crc8, crc16 } from './checksum.ts';

/** Bytes of the shortest frame: header, subframe of one byte, CRC-16. */
const LEAST_BYTES = 5 + 1 + 1 + 2;

/**
 * How many samples a frame of FLAC of one channel and 8000 samples of 16 bits a second holds (RFC 9639 §9.1), by its
 * header; what follows the header is not looked at.
 * @returns undefined for anything else
 */
export function flacSamples(frame: Buffer): number | undefined {
  if (frame.length < LEAST_BYTES || frame[0] !== 0xff || (frame[1]! & 0xfe) !== 0xf8) {
    return undefined;
  }
  // 8 kHz; one channel of 16 bits.
  if ((frame[2]! & 0x0f) !== 4 || frame[3] !== 0x08) return undefined;
  const at = 4 + codedNumberBytes(frame[4]!);
  const code = frame[2]! >> 4;
  const sizeBytes = code === 6 ? 1 : code === 7 ? 2 : 0;
  const end = at + sizeBytes;
  if (end >= frame.length || crc8(frame, 0, end) !== frame[end]) return undefined;
  if (sizeBytes > 0) return frame.readUIntBE(at, sizeBytes) + 1;
  if (code === 0) return undefined;
  if (code === 1) return 192;
  return code < 6 ? 144 << code : 1 << code;
}

/** Whether all bytes of a frame are as they were written (RFC 9639 §9.3). */
export function isFlacFrameWhole(frame: Buffer): boolean {
  const end = frame.length - 2;
  return end > 0 && crc16(frame, 0, end) === frame.readUInt16BE(end);
}

/** Of the number in a header, which is coded like a character of UTF-8 (RFC 9639 §9.1.5). */
function codedNumberBytes(first: number): number {
  return first < 0x80 ? 1 : Math.clz32(~(first << 24));
}
