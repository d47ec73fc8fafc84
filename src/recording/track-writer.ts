import { uptimeUs } from '../clock/steady-clock.ts';
import type { Container } from '../containers/container.ts';
import type { OpenSegment } from '../day-folder/open-segment.ts';
import type { PeriodTrack } from '../day-folder/period-track.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { WriteOwner, WriteQueue } from '../files/write-queue.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks, type TrackTicks } from '../media/media-time.ts';
import type { Timescale } from '../media/timescale.ts';
import { CutPolicy } from './cut-policy.ts';
import { GatheredSamples } from './gathered-samples.ts';
import type { PlacedUnit } from './placed-unit.ts';

/** Media in a chunk, which is also what a crash loses at most. */
const CHUNK_TICKS = TICKS_PER_SECOND;
/** Maximum size of a chunk, bytes, so that a high bit rate does not fill the memory. */
const CHUNK_BYTES = 4 << 20;

/** Options of a {@link TrackWriter}. */
export interface TrackWriterOptions {
  kind: TrackKind;
  container: Container;
  /** Each part of a sample is preceded by its length in the file. */
  isLengthPrefixed: boolean;
  /** Timescale of its files. */
  timescale: Timescale;
  /** Offset of the files' times from media time. */
  rebase: Ticks;
  segmentSeconds: number;
  folder: PresentationFolder;
  /** False while no segment may begin at a media time, because it belongs to another day. */
  mayCut(time: Ticks): boolean;
  /** Opens the Period's track and writes the initialization segment; runs in the write queue. */
  openTrack(): Promise<PeriodTrack>;
  owner: WriteOwner;
  queue: WriteQueue;
  /** Called for each segment that was written successfully. */
  onCommitted(): void;
  /** Requests a keyframe from the publisher. */
  requestKeyframe(): void;
}

/**
 * A track of a Period: takes units in order, converts them to samples, and gathers these in chunks
 * and the chunks in segment files. Nothing here waits: the queue writes the files.
 *
 * While the track's place on the wall clock is provisional, complete segments are not committed,
 * and {@link TrackWriter.settle} moves them to their final time first: an announced segment never
 * changes.
 */
export class TrackWriter {
  readonly kind: TrackKind;
  readonly timescale: Timescale;
  readonly #options: TrackWriterOptions;
  readonly #cuts: CutPolicy;
  #track: PeriodTrack | undefined;
  /** Those of the next chunk. */
  readonly #samples: GatheredSamples;
  #chunkStart: Ticks = 0;
  #chunkNumber = 0;
  #startTime: Ticks | undefined;
  #endTime: Ticks = 0;
  /** True if the queue has been told to begin a segment for the following samples. */
  #begun = false;
  #settled = false;
  #segment: OpenSegment | undefined;
  /** Complete segments that wait for their final time. */
  #held: OpenSegment[] = [];

  constructor(options: TrackWriterOptions) {
    this.kind = options.kind;
    this.timescale = options.timescale;
    this.#samples = new GatheredSamples(options.isLengthPrefixed);
    this.#options = options;
    this.#cuts = new CutPolicy(options.segmentSeconds * TICKS_PER_SECOND, options.kind === 'video');
    this.#push(0, async () => {
      this.#track = await options.openTrack();
    });
  }

  /** Start of the first unit; undefined without one. */
  get startTime(): Ticks | undefined {
    return this.#startTime;
  }

  /** End of the last unit; 0 without one. */
  get endTime(): Ticks {
    return this.#endTime;
  }

  /** False while segments are held back because their times are provisional. */
  get settled(): boolean {
    return this.#settled;
  }

  /**
   * Takes the next unit, which begins where the previous one ended.
   * @throws Error if it does not: players would stop for good at a hole inside a Period
   */
  write(unit: PlacedUnit): void {
    const { start, end } = unit;
    if (this.#startTime === undefined) this.#startTime = start;
    else if (start !== this.#endTime) {
      throw new Error(`${this.kind} unit at ${start} does not follow ${this.#endTime}`);
    }
    const isFull = this.#begun && this.#cuts.cutsBefore(unit);
    if (isFull && this.#options.mayCut(start)) this.#endSegment();
    if (!this.#begun) this.#beginSegment(unit);
    this.#endTime = end;
    if (this.#samples.isEmpty) this.#chunkStart = start;
    // From here on, times are the track's own ticks.
    const time = this.#fileTime(start);
    const compositionOffset = this.timescale.ofTicks(unit.compositionOffset ?? 0);
    this.#samples.push(unit, time, this.#fileTime(end) - time, compositionOffset);
    if (this.#cuts.isDue(end)) this.#options.requestKeyframe();
    const isLong = end - this.#chunkStart >= CHUNK_TICKS;
    if (isLong || this.#samples.bytes >= CHUNK_BYTES) this.flush();
  }

  /**
   * The next unit, which begins where the last one ended, is a keyframe that has arrived; it comes once its own
   * end is known. A segment that it ends is complete now.
   */
  expectKeyframe(): void {
    const start = this.#endTime;
    if (
      this.#begun &&
      this.#cuts.cutsBefore({ start, keyframe: true }) &&
      this.#options.mayCut(start)
    )
      this.#endSegment();
  }

  #fileTime(time: Ticks): TrackTicks {
    return this.timescale.ofTicks(time + this.#options.rebase);
  }

  /** Writes the samples if the first of them is older than a media time. */
  flushOlderThan(time: Ticks): void {
    if (this.#samples.isEmpty) return;
    if (time - this.#chunkStart >= this.timescale.step) this.flush();
  }

  /** Writes the samples gathered so far. */
  flush(): void {
    if (this.#samples.isEmpty) return;
    const { bytes } = this.#samples;
    const { samples, memory } = this.#samples.take();
    const chunk = this.#options.container.chunk({
      kind: this.kind,
      // The lengths are in the parts.
      isLengthPrefixed: false,
      sequenceNumber: ++this.#chunkNumber,
      samples,
    });
    const start = samples[0]!.time;
    const end = this.#fileTime(this.#endTime);
    const keyframes: number[] = [];
    if (this.kind === 'video') {
      for (const sample of samples) if (sample.keyframe) keyframes.push(sample.time);
    }
    this.#push(bytes, async () => {
      try {
        await this.#segment!.append(chunk, start, end, keyframes);
      } finally {
        memory.release();
      }
    });
  }

  /**
   * Sets the final place on the wall clock and releases held segments.
   * @param ticks delay relative to the provisional place; may be negative
   */
  settle(ticks: Ticks): void {
    if (this.#settled) return;
    this.flush();
    this.#settled = true;
    this.#cuts.shift(ticks);
    this.#endTime += ticks;
    if (this.#startTime !== undefined) this.#startTime += ticks;
    const later = this.timescale.ofTicks(ticks);
    this.#push(0, async () => {
      if (later !== 0) {
        for (const segment of this.#held) await segment.shift(later);
        await this.#segment?.shift(later);
      }
      // A segment stays in the list until it is committed, so that salvage finds the rest after a
      // failure.
      for (let segment = this.#held[0]; segment !== undefined; segment = this.#held[0]) {
        await this.#options.folder.commit(this.#track!, segment);
        this.#held.shift();
        this.#options.onCommitted();
      }
    });
  }

  /** Ends the track and commits the last segment. Precondition: the times are final. */
  end(): void {
    if (this.#begun) this.#endSegment();
  }

  /**
   * After a failed write: commits the complete chunks on disk. No file stays open.
   * Segments after one that could not be committed remain part files with it: the manifest counts segments, so
   * that those after a missing one would be taken for it. They are recovered together when the disk works again.
   * @param onFailure called if even that fails
   */
  async salvage(onFailure: (error: Error) => void): Promise<void> {
    const segments = [...this.#held, ...(this.#segment ? [this.#segment] : [])];
    this.#held = [];
    this.#segment = undefined;
    let isUnbroken = true;
    for (const segment of segments) {
      isUnbroken &&= !segment.file.isClosed;
      if (!isUnbroken) {
        await segment.file.close();
        continue;
      }
      await this.#finish(segment).catch((error: Error) => {
        isUnbroken = false;
        onFailure(error);
      });
    }
  }

  #beginSegment(unit: PlacedUnit): void {
    this.#begun = true;
    this.#cuts.begin(unit);
    const { keyframe } = unit;
    this.#push(0, async () => {
      this.#segment = await this.#options.folder.claim(this.#track!, keyframe);
    });
  }

  #endSegment(): void {
    this.flush();
    this.#begun = false;
    const settled = this.#settled;
    const endedUs = uptimeUs();
    this.#push(0, async () => {
      const segment = this.#segment!;
      if (!settled) this.#held.push(segment);
      else if (await this.#finish(segment, endedUs)) this.#options.onCommitted();
      this.#segment = undefined;
    });
  }

  /** @returns true if the segment has media */
  async #finish(segment: OpenSegment, endedUs?: number): Promise<boolean> {
    if (segment.isEmpty) await segment.file.discard();
    else await this.#options.folder.commit(this.#track!, segment, endedUs);
    return !segment.isEmpty;
  }

  #push(bytes: number, write: () => Promise<void>): void {
    this.#options.queue.push(this.#options.owner, bytes, write);
  }
}
