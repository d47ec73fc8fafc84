import type { Chunk, Container } from '../containers/container.ts';
import { containerNamed } from '../containers/registry.ts';
import type { SegmentFile } from '../files/segment-file.ts';
import type { WallClockSpan } from '../media/wall-clock-span.ts';
import type { PeriodTrack } from './period-track.ts';

/** What is needed to correct or to salvage a chunk. */
interface WrittenChunk {
  /** Byte offset in the file, see {@link Chunk.baseTimeOffset}. */
  baseTimePosition: number;
  /** Ticks since the Unix epoch. */
  startTime: number;
  endTime: number;
}

/**
 * A segment that is being written. All times are ticks of the track's timescale since the Unix
 * epoch.
 */
export class OpenSegment {
  readonly file: SegmentFile;
  /** The number in the file's name. */
  readonly number: number;
  /** File name without folder. */
  readonly name: string;
  /** True when the first sample is a keyframe. */
  readonly startsAtKeyframe: boolean;
  /** Presentation times of the keyframes; empty for audio. */
  readonly keyframes: number[] = [];
  readonly #chunks: WrittenChunk[] = [];
  readonly #track: PeriodTrack;
  readonly #container: Container;

  constructor(
    file: SegmentFile,
    number: number,
    name: string,
    startsAtKeyframe: boolean,
    track: PeriodTrack,
  ) {
    this.file = file;
    this.#track = track;
    this.#container = containerNamed(track.entry.container);
    this.number = number;
    this.name = name;
    this.startsAtKeyframe = startsAtKeyframe;
  }

  /** Start of the first chunk. */
  get startTime(): number {
    return this.#chunks[0]?.startTime ?? 0;
  }

  /** End of the last whole chunk. */
  get endTime(): number {
    return this.#chunks.at(-1)?.endTime ?? 0;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /**
   * Appends a chunk.
   * @param chunk gather list and position of its base time
   * @param keyframes presentation times of the chunk's keyframes
   * @throws the file system's error; then the segment ends with the previous chunk
   */
  async append(
    chunk: Chunk,
    startTime: number,
    endTime: number,
    keyframes: number[],
  ): Promise<void> {
    let { buffers, byteLength } = chunk;
    let position = this.file.size + chunk.baseTimeOffset;
    if (this.isEmpty) {
      const { entry, periodId } = this.#track;
      const origin = { initialization: entry.initialization, period: periodId };
      const head = this.#container.head(this.#span(startTime, startTime), origin);
      buffers = [head, ...buffers];
      byteLength += head.length;
      position += head.length;
    }
    await this.file.append(buffers, byteLength);
    this.#chunks.push({ baseTimePosition: position, startTime, endTime });
    this.keyframes.push(...keyframes);
  }

  /**
   * Moves the segment in time by rewriting the base time of each chunk in place: chunks are written
   * within a second, but the sender's clock is known only some seconds later.
   * @param ticks delay; may be negative
   */
  async shift(ticks: number): Promise<void> {
    for (const chunk of this.#chunks) {
      chunk.startTime += ticks;
      chunk.endTime += ticks;
      await this.file.patch(this.#container.baseTime(chunk.startTime), chunk.baseTimePosition);
    }
    for (let i = 0; i < this.keyframes.length; i++) this.keyframes[i]! += ticks;
    const { startTime } = this;
    await this.file.patch(this.#container.headTimes(this.#span(startTime, startTime)), 0);
  }

  /**
   * Writes the segment's wall-clock times to the file and makes it durable under its final name.
   * The file is closed in any case.
   * @throws the file system's error; then the part file remains
   */
  async commit() {
    const { name, startTime, endTime, keyframes, startsAtKeyframe, file } = this;
    const span = this.#span(startTime, endTime);
    try {
      await file.patch(this.#container.headTimes(span), 0);
      await file.commit();
    } finally {
      await file.close();
    }
    return { name, span, keyframes, startsAtKeyframe, size: file.size };
  }

  #span(startTime: number, endTime: number): WallClockSpan {
    const { wallClock } = this.#track;
    return { startTime, endTime, startUs: wallClock.us(startTime), endUs: wallClock.us(endTime) };
  }
}
