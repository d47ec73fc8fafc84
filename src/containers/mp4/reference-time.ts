import type { WallClockSpan } from '../../media/wall-clock-span.ts';
import { boxHeader, writeBoxHeader } from './box.ts';
import { TRACK_ID } from './chunk.ts';

// A full box of version 1: header, reference_track_ID, NTP timestamp and media time of 64 bits each.
const BOX_BYTES = 32;
/** Size of the two boxes in the head of each segment file, bytes. */
export const REFERENCE_TIMES_BYTES = 2 * BOX_BYTES;

/**
 * Flags of the box: its time is the wall-clock time at which the media was captured, and all boxes
 * with these flags use the same clock (ISO/IEC 14496-12 §8.16.5.3).
 */
const CAPTURED = 0x18;
/** Seconds from 1900, where NTP begins, to the Unix epoch (RFC 5905 §6). */
const NTP_TO_UNIX = 2_208_988_800;
/** NTP has 32 bits of seconds and wraps in 2036. */
const NTP_ERA = 2 ** 32;

/**
 * Two `prft` boxes (ISO/IEC 14496-12 §8.16.5), for start and end of a segment: media time follows
 * the sender's clock, which is never exact, and these boxes have the time of our wall clock. While
 * a segment is being written, both refer to its start.
 */
export function writeReferenceTimes(span: WallClockSpan): Buffer {
  const bytes = Buffer.alloc(REFERENCE_TIMES_BYTES);
  writeReferenceTime(bytes, 0, span.startTime, span.startUs);
  writeReferenceTime(bytes, BOX_BYTES, span.endTime, span.endUs);
  return bytes;
}

function writeReferenceTime(bytes: Buffer, at: number, time: number, us: number): void {
  const seconds = Math.floor(us / 1e6);
  writeBoxHeader(bytes, at, 'prft', BOX_BYTES);
  bytes.writeUInt32BE(0x0100_0000 | CAPTURED, at + 8);
  bytes.writeUInt32BE(TRACK_ID, at + 12);
  bytes.writeUInt32BE((seconds + NTP_TO_UNIX) % NTP_ERA, at + 16);
  bytes.writeUInt32BE(Math.round(((us - seconds * 1e6) / 1e6) * 2 ** 32), at + 20);
  bytes.writeBigUInt64BE(BigInt(time), at + 24);
}

/**
 * Parses the head of a segment file.
 * @param head its first bytes; {@link REFERENCE_TIMES_BYTES} are enough
 * @param timescale of the track, ticks per second
 * @returns undefined if it does not begin with boxes from {@link writeReferenceTimes}
 */
export function readReferenceTimes(head: Buffer, timescale: number): WallClockSpan | undefined {
  const start = readReferenceTime(head, 0, timescale);
  const end = readReferenceTime(head, BOX_BYTES, timescale);
  if (start === undefined || end === undefined) return undefined;
  return { startTime: start.time, endTime: end.time, startUs: start.us, endUs: end.us };
}

function readReferenceTime(bytes: Buffer, at: number, timescale: number) {
  const header = bytes.length < at + BOX_BYTES ? undefined : boxHeader(bytes, at, at + BOX_BYTES);
  if (header?.type !== 'prft' || header.size !== BOX_BYTES) return undefined;
  if (bytes.readUInt32BE(at + 8) !== (0x0100_0000 | CAPTURED)) return undefined;
  if (bytes.readUInt32BE(at + 12) !== TRACK_ID) return undefined;
  const time = Number(bytes.readBigUInt64BE(at + 24));
  if (!Number.isSafeInteger(time)) return undefined;
  // The NTP era nearest to the media time.
  const inEra = bytes.readUInt32BE(at + 16) - NTP_TO_UNIX;
  const seconds = inEra + Math.round((time / timescale - inEra) / NTP_ERA) * NTP_ERA;
  return { time, us: seconds * 1e6 + Math.round((bytes.readUInt32BE(at + 20) / 2 ** 32) * 1e6) };
}
