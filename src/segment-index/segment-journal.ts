import { isDeletionReason } from '../facts/deletion-report.ts';
import type { Segment } from '../facts/segment.ts';
import type { JournalFormat } from '../journal/journal-line.ts';
import type { LeavingSegment, ListedSegment } from './leaving-segments.ts';
import { checkSegment } from './segment-check.ts';

/** A line of the segment journal. */
export type SegmentEntry =
  | { type: 'segment'; createdAt: number; segment: Segment }
  /** All earlier segments that end at or before this time (µs since the Unix epoch) are dropped. */
  | { type: 'evict'; beforeUs: number }
  /** The segment with this `created_at` is dropped, because its file is gone. */
  | { type: 'remove'; createdAt: number }
  /** The segment is being deleted: it is listed no more. Repeated whenever the journal is rewritten. */
  | { type: 'leave'; leaving: LeavingSegment }
  /** Its files are gone. */
  | { type: 'gone'; path: string };

/**
 * The journal of the segment index. Every segment that passes {@link checkSegment} fits into a line
 * that can be read back.
 */
export const segmentJournal: JournalFormat<SegmentEntry> = {
  name: 'live777-recorder segment journal',
  title: 'segment journal',
  version: 1,
  toArray,
  fromArray,
  stampOf: (entry) => (entry.type === 'segment' ? entry.createdAt : undefined),
};

function toArray(entry: SegmentEntry): unknown[] {
  if (entry.type === 'evict') return ['evict', entry.beforeUs];
  if (entry.type === 'remove') return ['remove', entry.createdAt];
  if (entry.type === 'gone') return ['gone', entry.path];
  if (entry.type === 'leave') {
    const { createdAt, segment, reason } = entry.leaving;
    return ['leave', reason, ...segmentArray(createdAt, segment)];
  }
  return segmentArray(entry.createdAt, entry.segment);
}

function segmentArray(createdAt: number, segment: Segment): unknown[] {
  const { stream, kind, startUs, endUs, path, initPath, isKeyframe, keyframes, codec, size } =
    segment;
  const { periodReason } = segment;
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
    ...(periodReason === undefined ? [] : [periodReason]),
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
  periodReason?: Segment['periodReason'],
];

/**
 * The checksum detects damage, but not an invalid line that another program wrote; such a segment
 * would break every page that contains it.
 *
 * @throws TypeError or RangeError for such a line
 */
function fromArray(array: unknown[]): SegmentEntry | undefined {
  if (array[0] === 'evict') return { type: 'evict', beforeUs: timeOf(array[1]) };
  if (array[0] === 'remove') return { type: 'remove', createdAt: timeOf(array[1]) };
  if (array[0] === 'gone') return { type: 'gone', path: textOf(array[1]) };
  if (array[0] === 'leave') {
    const [, reason, ...rest] = array;
    if (!isDeletionReason(reason)) throw new TypeError(`${reason} is no reason of a deletion`);
    return { type: 'leave', leaving: { ...listedOf(rest), reason } };
  }
  return typeof array[0] === 'number' ? { type: 'segment', ...listedOf(array) } : undefined;
}

function listedOf(array: unknown[]): ListedSegment {
  const [createdAt, stream, kind, startUs, lengthUs, path, initPath, key, offsets, codec, size] =
    array as SegmentArray;
  const periodReason = (array as SegmentArray)[11];
  const segment: Segment = {
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
    ...(periodReason !== undefined && { periodReason }),
  };
  checkSegment(segment);
  return { createdAt: timeOf(createdAt), segment };
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${value} is not text`);
  return value;
}

function timeOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a time in integer µs`);
  return value as number;
}
