import type { WallClockSpan } from '../../media/wall-clock-span.ts';
import type { SegmentHead, SegmentOrigin } from '../container.ts';
import { elementHeader } from './ebml.ts';
import { ID } from './element-id.ts';

// Both elements have a size of one byte, and a mark that distinguishes them from padding.
const HEADER_BYTES = 2;
const MARK_BYTES = 4;
const TIMES_MARK = 'time';
const ORIGIN_MARK = 'from';
const TIMES_BYTES = HEADER_BYTES + MARK_BYTES + 4 * 8;
const TEXT_BYTES = 56;
const ORIGIN_BYTES = HEADER_BYTES + MARK_BYTES + TEXT_BYTES;

/** Size of the two elements in the head of each segment file, bytes. */
export const HEAD_BYTES = TIMES_BYTES + ORIGIN_BYTES;

/**
 * A Void element (RFC 8794 §11.3.2), which players skip, with media time and wall clock at start
 * and end of a segment: media time follows the sender's clock, which is never exact, and this
 * element has the time of our wall clock. While a segment is being written, both refer to its
 * start.
 */
export function writeHeadTimes(span: WallClockSpan): Buffer {
  const bytes = emptyVoid(TIMES_BYTES, TIMES_MARK);
  let at = HEADER_BYTES + MARK_BYTES;
  for (const value of [span.startTime, span.startUs, span.endTime, span.endUs]) {
    at = bytes.writeBigUInt64BE(BigInt(Math.round(value)), at);
  }
  return bytes;
}

/**
 * The head of a segment file: the times, and a Void element with information that otherwise only
 * the manifest has: a crash may happen before that is written, and a manifest may be lost.
 * @throws RangeError for names that do not fit
 */
export function writeHead(span: WallClockSpan, { initialization, period }: SegmentOrigin): Buffer {
  const text = `${initialization} ${period}`;
  if (text.length > TEXT_BYTES || !/^[!-~]+ [!-~]+$/.test(text)) {
    throw new RangeError(`"${text}" does not fit the head of a segment`);
  }
  const bytes = emptyVoid(ORIGIN_BYTES, ORIGIN_MARK);
  bytes.write(text, HEADER_BYTES + MARK_BYTES, 'latin1');
  return Buffer.concat([writeHeadTimes(span), bytes]);
}

/**
 * Parses the head of a segment file, as far as it is one. @param bytes the beginning of the file
 */
export function readHead(bytes: Buffer): SegmentHead {
  const times = payloadOf(bytes, 0, TIMES_BYTES, TIMES_MARK);
  const origin = payloadOf(bytes, TIMES_BYTES, ORIGIN_BYTES, ORIGIN_MARK);
  return { times: times && readTimes(times), origin: origin && readOrigin(origin) };
}

function emptyVoid(length: number, mark: string): Buffer {
  const bytes = Buffer.alloc(length);
  bytes[0] = ID.void;
  bytes[1] = 0x80 | (length - HEADER_BYTES);
  bytes.write(mark, HEADER_BYTES, 'latin1');
  return bytes;
}

function payloadOf(bytes: Buffer, at: number, length: number, mark: string): Buffer | undefined {
  const end = at + length;
  const header = bytes.length < end ? undefined : elementHeader(bytes, at, end);
  if (header?.id !== ID.void || header.payloadBytes !== length - HEADER_BYTES) return undefined;
  const start = at + HEADER_BYTES;
  if (bytes.toString('latin1', start, start + MARK_BYTES) !== mark) return undefined;
  return bytes.subarray(start + MARK_BYTES, end);
}

function readTimes(payload: Buffer): WallClockSpan | undefined {
  const values = [0, 8, 16, 24].map((at) => Number(payload.readBigUInt64BE(at)));
  if (!values.every(Number.isSafeInteger)) return undefined;
  const [startTime, startUs, endTime, endUs] = values as [number, number, number, number];
  return { startTime, endTime, startUs, endUs };
}

function readOrigin(payload: Buffer): SegmentOrigin | undefined {
  const match = /^([!-~]+) ([!-~]+)\0*$/.exec(payload.toString('latin1'));
  return match === null ? undefined : { initialization: match[1]!, period: match[2]! };
}
