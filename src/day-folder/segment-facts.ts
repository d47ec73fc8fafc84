import { open } from 'node:fs/promises';
import type { SegmentOrigin } from '../containers/container.ts';
import { readSegmentHead } from '../containers/read-head.ts';
import { containerNamed, type FileFormat, timescaleOf } from '../containers/registry.ts';
import type { ByteSource } from '../files/byte-source.ts';
import { type WallClockSpan, wallClockSpan } from '../media/wall-clock-span.ts';

/**
 * Facts read from a segment file. Times are ticks of the track's timescale since the Unix epoch.
 */
export interface SegmentFacts {
  /** Its range in media time and on the wall clock. */
  span: WallClockSpan;
  /** Presentation times of its keyframes; empty for audio. */
  keyframes: number[];
  /** True if the first sample is a keyframe. */
  startsAtKeyframe: boolean;
  /** Size up to the end of its last complete chunk, bytes. */
  size: number;
}

/**
 * Reads the facts from a complete segment file, the same that were announced when it was recorded.
 * @param file path in the file system
 * @returns undefined if it has no sample
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
 * Reads the facts of a complete segment from any source, and the names in its head.
 * @param size of the file, bytes
 * @returns undefined if it has no sample
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
