import { open } from 'node:fs/promises';
import { type ByteSource, readChunks } from '../containers/mp4/chunk-reader.ts';
import {
  REFERENCE_TIMES_BYTES,
  readReferenceTimes,
  type WallClockSpan,
  wallClockSpan,
} from '../containers/mp4/reference-time.ts';
import {
  readSegmentOrigin,
  SEGMENT_ORIGIN_BYTES,
  type SegmentOrigin,
} from '../containers/mp4/segment-origin.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { TIMESCALE } from '../media/media-time.ts';

/** What a segment's file says of it. Times are ticks at the track's timescale since the Unix epoch. */
export interface SegmentFacts {
  /** Where it lies in media time and on the wall clock. */
  span: WallClockSpan;
  /** Presentation times of its keyframes; empty for audio. */
  keyframes: number[];
  /** True when the first sample is a keyframe. */
  startsAtKeyframe: boolean;
  /** Bytes of its whole chunks and what comes before them. */
  size: number;
}

/** The head of a segment file, as far as it has one. */
export interface SegmentHead {
  times: WallClockSpan | undefined;
  origin: SegmentOrigin | undefined;
}

/** Reads the head of a segment file. @throws what the source throws */
export async function readSegmentHead(source: ByteSource, kind: TrackKind): Promise<SegmentHead> {
  const head = Buffer.alloc(REFERENCE_TIMES_BYTES + SEGMENT_ORIGIN_BYTES);
  await source.read(head, 0, head.length, 0);
  return {
    times: readReferenceTimes(head, TIMESCALE[kind]),
    origin: readSegmentOrigin(head.subarray(REFERENCE_TIMES_BYTES)),
  };
}

/**
 * Reads what a whole segment's file says of it: what was announced when it was recorded.
 * @param file path of the file system
 * @returns undefined where it holds no sample
 * @throws the file system's error
 */
export async function readSegmentFacts(
  file: string,
  kind: TrackKind,
): Promise<SegmentFacts | undefined> {
  const handle = await open(file);
  try {
    return (await factsOf(handle, (await handle.stat()).size, kind))?.facts;
  } finally {
    await handle.close();
  }
}

/**
 * Reads what a whole segment says of it, wherever it is kept, and where it belongs.
 * @param size bytes of the file
 * @returns undefined where it holds no sample
 * @throws what the source throws
 */
export async function factsOf(
  source: ByteSource,
  size: number,
  kind: TrackKind,
): Promise<{ facts: SegmentFacts; origin: SegmentOrigin | undefined } | undefined> {
  const { chunks, validLength } = await readChunks(source, size);
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const { times, origin } = await readSegmentHead(source, kind);
  const endTime = last.startTime + last.duration;
  const keyframes = chunks.flatMap((chunk) => chunk.keyframeTimes);
  const facts = {
    span: wallClockSpan(times, first.startTime, endTime, TIMESCALE[kind]),
    keyframes,
    startsAtKeyframe: kind === 'audio' || keyframes[0] === first.startTime,
    size: validLength,
  };
  return { facts, origin };
}
