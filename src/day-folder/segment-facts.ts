import { open } from 'node:fs/promises';
import type { SegmentOrigin } from '../containers/container.ts';
import { readSegmentHead } from '../containers/read-head.ts';
import { containerNamed, type FileFormat, timescaleOf } from '../containers/registry.ts';
import type { ByteSource } from '../files/byte-source.ts';
import { type WallClockSpan, wallClockSpan } from '../media/wall-clock-span.ts';

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

/**
 * Reads what a whole segment's file says of it: what was announced when it was recorded.
 * @param file path of the file system
 * @returns undefined where it holds no sample
 * @throws the file system's error
 */
export async function readSegmentFacts(
  file: string,
  format: FileFormat,
): Promise<SegmentFacts | undefined> {
  const handle = await open(file);
  try {
    return (await factsOf(handle, (await handle.stat()).size, format))?.facts;
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
  format: FileFormat,
): Promise<{ facts: SegmentFacts; origin: SegmentOrigin | undefined } | undefined> {
  const { chunks, validLength } = await containerNamed(format.container).readChunks(source, size);
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const { times, origin } = await readSegmentHead(source, format);
  const endTime = last.startTime + last.duration;
  const keyframes = chunks.flatMap((chunk) => chunk.keyframeTimes);
  const facts = {
    span: wallClockSpan(times, first.startTime, endTime, timescaleOf(format)),
    keyframes,
    startsAtKeyframe: format.kind === 'audio' || keyframes[0] === first.startTime,
    size: validLength,
  };
  return { facts, origin };
}
