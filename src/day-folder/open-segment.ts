import {
  REFERENCE_TIMES_BYTES,
  type WallClockSpan,
  writeReferenceTimes,
} from '../containers/mp4/reference-time.ts';
import {
  SEGMENT_ORIGIN_BYTES,
  type SegmentOrigin,
  writeSegmentOrigin,
} from '../containers/mp4/segment-origin.ts';
import type { SegmentFile } from '../files/segment-file.ts';
import type { FileClock } from './period-track.ts';

/** What a chunk's bytes hold, to correct or to salvage a segment by. */
interface WrittenChunk {
  /** Offset in the file of the 64-bit baseMediaDecodeTime (ISO/IEC 14496-12 §8.8.12). */
  baseTimePosition: number;
  /** Ticks since the Unix epoch. */
  startTime: number;
  endTime: number;
}

/**
 * One segment while it is written: its media as far as it is on disk. All times are ticks at the
 * track's timescale since the Unix epoch.
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
  readonly #wallClock: FileClock;
  readonly #origin: SegmentOrigin;

  constructor(
    file: SegmentFile,
    number: number,
    name: string,
    startsAtKeyframe: boolean,
    wallClock: FileClock,
    origin: SegmentOrigin,
  ) {
    this.file = file;
    this.#wallClock = wallClock;
    this.#origin = origin;
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
   * Appends one chunk.
   * @param chunk gather list and where its base time stands in it
   * @param keyframes presentation times of the chunk's keyframes
   * @throws the file system's error; the segment then ends with the chunk before
   */
  async append(
    chunk: { buffers: Buffer[]; byteLength: number; baseTimeOffset: number },
    startTime: number,
    endTime: number,
    keyframes: number[],
  ): Promise<void> {
    let { buffers, byteLength } = chunk;
    let position = this.file.size + chunk.baseTimeOffset;
    if (this.isEmpty) {
      const times = writeReferenceTimes(this.#span(startTime, startTime));
      buffers = [times, writeSegmentOrigin(this.#origin), ...buffers];
      byteLength += REFERENCE_TIMES_BYTES + SEGMENT_ORIGIN_BYTES;
      position += REFERENCE_TIMES_BYTES + SEGMENT_ORIGIN_BYTES;
    }
    await this.file.append(buffers, byteLength);
    this.#chunks.push({ baseTimePosition: position, startTime, endTime });
    this.keyframes.push(...keyframes);
  }

  /**
   * Moves the segment on the timeline by rewriting the base time of each chunk in place: chunks go
   * to disk within a second, the sender's clock is known only some seconds later.
   * @param ticks how much later; may be negative
   */
  async shift(ticks: number): Promise<void> {
    const time = Buffer.allocUnsafe(8);
    for (const chunk of this.#chunks) {
      chunk.startTime += ticks;
      chunk.endTime += ticks;
      time.writeBigUInt64BE(BigInt(chunk.startTime));
      await this.file.patch(time, chunk.baseTimePosition);
    }
    for (let i = 0; i < this.keyframes.length; i++) this.keyframes[i]! += ticks;
    const { startTime } = this;
    await this.file.patch(writeReferenceTimes(this.#span(startTime, startTime)), 0);
  }

  /**
   * Says in the file where it lies on the wall clock, and makes it durable under its final name. The
   * file is closed in any case.
   * @throws the file system's error; the part file remains
   */
  async commit() {
    const { name, startTime, endTime, keyframes, startsAtKeyframe, file } = this;
    const span = this.#span(startTime, endTime);
    try {
      await file.patch(writeReferenceTimes(span), 0);
      await file.commit();
    } finally {
      await file.close();
    }
    return { name, span, keyframes, startsAtKeyframe, size: file.size };
  }

  #span(startTime: number, endTime: number): WallClockSpan {
    const startUs = this.#wallClock.us(startTime);
    return { startTime, endTime, startUs, endUs: this.#wallClock.us(endTime) };
  }
}
