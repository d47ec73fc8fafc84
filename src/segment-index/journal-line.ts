import { crc32 } from 'node:zlib';
import type { Segment } from './segment.ts';

/** A line of the journal says one of these. */
export type JournalEntry =
  | {
      /** First line: what file this is. */
      type: 'header';
      version: number;
      /** No `created_at` (µs) up to this may be given again. */
      lastCreatedAt: number;
    }
  | { type: 'segment'; createdAt: number; segment: Segment }
  /** All segments in lines above that end at or before this (µs since the Unix epoch) are dropped. */
  | { type: 'evict'; beforeUs: number };

/** Longest line that is read back, bytes. No segment that passes its check needs as much. */
export const maxLineBytes = 1 << 20;

/** The version of the format that is written, and the newest that is read. */
export const journalVersion = 1;

/** Names the format in the header line. */
const formatName = 'live777-recorder segment journal';

const space = 0x20;
const checksumDigits = 8;

/**
 * One line: eight hexadecimal digits of the CRC-32 of what follows the space, a space, a JSON array,
 * a newline. Every line stands for itself, so that damage to one never costs another.
 */
export function encodeLine(entry: JournalEntry): string {
  const json = JSON.stringify(toArray(entry));
  const checksum = crc32(json).toString(16).padStart(checksumDigits, '0');
  return `${checksum} ${json}\n`;
}

/**
 * Reads the line that stands in a buffer from `start` up to its newline at `end`.
 * @returns undefined when it is damaged
 */
export function decodeLine(buffer: Buffer, start: number, end: number): JournalEntry | undefined {
  const body = start + checksumDigits + 1;
  if (body >= end || buffer[body - 1] !== space) return undefined;
  const checksum = Number.parseInt(buffer.toString('latin1', start, body - 1), 16);
  if (crc32(buffer.subarray(body, end)) !== checksum) return undefined;
  try {
    return fromArray(JSON.parse(buffer.toString('utf8', body, end)));
  } catch {
    return undefined;
  }
}

function toArray(entry: JournalEntry): unknown[] {
  if (entry.type === 'header') return [formatName, entry.version, entry.lastCreatedAt];
  if (entry.type === 'evict') return ['evict', entry.beforeUs];
  const { createdAt, segment } = entry;
  const { stream, kind, startUs, endUs, path, initPath, isKeyframe, keyframes, codec, size } =
    segment;
  return [
    createdAt,
    stream,
    kind,
    startUs,
    endUs - startUs,
    path,
    initPath,
    isKeyframe ? 1 : 0,
    keyframes.map((keyframe) => keyframe - startUs),
    codec,
    size,
  ];
}

type SegmentArray = [
  createdAt: number,
  stream: string,
  kind: Segment['kind'],
  startUs: number,
  lengthUs: number,
  path: string,
  initPath: string,
  isKeyframe: number,
  keyframeOffsetsUs: number[],
  codec: string,
  size: number,
];

// The checksum vouches for the types: nobody but encodeLine wrote the line.
function fromArray(array: unknown[]): JournalEntry | undefined {
  if (array[0] === formatName) {
    return {
      type: 'header',
      version: array[1] as number,
      lastCreatedAt: array[2] as number,
    };
  }
  if (array[0] === 'evict') return { type: 'evict', beforeUs: array[1] as number };
  if (typeof array[0] !== 'number') return undefined;
  const [createdAt, stream, kind, startUs, lengthUs, path, initPath, key, offsets, codec, size] =
    array as SegmentArray;
  return {
    type: 'segment',
    createdAt,
    segment: {
      stream,
      kind,
      startUs,
      endUs: startUs + lengthUs,
      path,
      initPath,
      isKeyframe: key === 1,
      keyframes: offsets.map((offset) => startUs + offset),
      codec,
      size,
    },
  };
}
