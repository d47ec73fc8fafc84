import type { Container } from '../containers/container.ts';
import type { OpenSegment } from '../day-folder/open-segment.ts';
import type { PeriodTrack } from '../day-folder/period-track.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { WriteOwner, WriteQueue } from '../files/write-queue.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks, type TrackTicks } from '../media/media-time.ts';
import type { Sample } from '../media/sample.ts';
import type { Timescale } from '../media/timescale.ts';
import { CutPolicy } from './cut-policy.ts';
import type { PlacedUnit } from './placed-unit.ts';

/** A chunk goes to the disk after this much media, so that a crash costs no more. */
const CHUNK_TICKS = TICKS_PER_SECOND;
/** … or after this many bytes, so that a very fast stream does not fill the memory. */
const CHUNK_BYTES = 4 << 20;

/** What a {@link TrackWriter} works for. */
export interface TrackWriterOptions {
  kind: TrackKind;
  container: Container;
  /** Each part of a sample has its length before it in the file. */
  isLengthPrefixed: boolean;
  /** Of its files. */
  timescale: Timescale;
  /** What the files' times add to media time. */
  rebase: Ticks;
  segmentSeconds: number;
  folder: PresentationFolder;
  /** False while no segment should begin at a media time, because it is of another day. */
  mayCut(time: Ticks): boolean;
  /** Opens the Period and writes the initialization segment; runs in turn with the writes. */
  openTrack(): Promise<PeriodTrack>;
  owner: WriteOwner;
  queue: WriteQueue;
  /** Told of each segment that was written without a failure. */
  onCommitted(): void;
  /** Asks the publisher for a keyframe. */
  requestKeyframe(): void;
}

/**
 * One track of one Period: takes units in order, makes samples of them, gathers them into chunks and chunks into segment
 * files. Nothing here waits: files are written by the queue.
 *
 * While the track's place on the wall clock is provisional, segments that are complete are held back
 * from commit, and {@link TrackWriter.settle} moves them to their final time first: an announced
 * segment never changes.
 */
export class TrackWriter {
  readonly kind: TrackKind;
  readonly timescale: Timescale;
  readonly #options: TrackWriterOptions;
  readonly #cuts: CutPolicy;
  #track: PeriodTrack | undefined;
  #chunk: Sample[] = [];
  #chunkStart: Ticks = 0;
  #chunkBytes = 0;
  #chunkNumber = 0;
  #startTime: Ticks | undefined;
  #endTime: Ticks = 0;
  /** Whether the queue has been told to begin a segment for the samples to come. */
  #begun = false;
  #settled = false;
  #segment: OpenSegment | undefined;
  /** Complete segments that wait for their final time. */
  #held: OpenSegment[] = [];

  constructor(options: TrackWriterOptions) {
    this.kind = options.kind;
    this.timescale = options.timescale;
    this.#options = options;
    this.#cuts = new CutPolicy(options.segmentSeconds * TICKS_PER_SECOND, options.kind === 'video');
    this.#push(0, async () => {
      this.#track = await options.openTrack();
    });
  }

  /** Start of the first unit; undefined before it. */
  get startTime(): Ticks | undefined {
    return this.#startTime;
  }

  /** End of the last unit; 0 before the first. */
  get endTime(): Ticks {
    return this.#endTime;
  }

  /** False while segments are held back because their times are provisional. */
  get settled(): boolean {
    return this.#settled;
  }

  /**
   * Takes the next unit, which begins where the one before ended.
   * @throws Error when it does not: a hole inside a Period would stop players for good
   */
  write(unit: PlacedUnit): void {
    const { start, end, parts } = unit;
    if (this.#startTime === undefined) this.#startTime = start;
    else if (start !== this.#endTime) {
      throw new Error(`${this.kind} unit at ${start} does not follow ${this.#endTime}`);
    }
    const isFull = this.#begun && this.#cuts.cutsBefore(unit);
    if (isFull && this.#options.mayCut(start)) this.#endSegment();
    if (!this.#begun) this.#beginSegment(unit);
    this.#endTime = end;
    if (this.#chunk.length === 0) this.#chunkStart = start;
    this.#chunk.push(this.#sample(unit));
    for (const part of parts) this.#chunkBytes += part.length;
    if (this.#cuts.isDue(end)) this.#options.requestKeyframe();
    const isLong = end - this.#chunkStart >= CHUNK_TICKS;
    if (isLong || this.#chunkBytes >= CHUNK_BYTES) this.flush();
  }

  /** What the file has of a unit. From here on, times are the track's own ticks. */
  #sample({ start, end, keyframe, isRecoveryPoint, compositionOffset, parts }: PlacedUnit): Sample {
    const time = this.#fileTime(start);
    return {
      time,
      duration: this.#fileTime(end) - time,
      compositionOffset: this.timescale.ofTicks(compositionOffset ?? 0),
      keyframe,
      isRecoveryPoint: isRecoveryPoint === true,
      parts,
    };
  }

  #fileTime(time: Ticks): TrackTicks {
    return this.timescale.ofTicks(time + this.#options.rebase);
  }

  /** Hands the samples to the disk when the first of them is older than a media time. */
  flushOlderThan(time: Ticks): void {
    if (this.#chunk.length === 0) return;
    if (time - this.#chunkStart >= this.timescale.step) this.flush();
  }

  /** Hands the samples gathered so far to the disk. */
  flush(): void {
    const samples = this.#chunk;
    if (samples.length === 0) return;
    const bytes = this.#chunkBytes;
    this.#chunk = [];
    this.#chunkBytes = 0;
    const chunk = this.#options.container.chunk({
      kind: this.kind,
      isLengthPrefixed: this.#options.isLengthPrefixed,
      sequenceNumber: ++this.#chunkNumber,
      samples,
    });
    const start = samples[0]!.time;
    const end = this.#fileTime(this.#endTime);
    const keyframes: number[] = [];
    if (this.kind === 'video') {
      for (const sample of samples) if (sample.keyframe) keyframes.push(sample.time);
    }
    this.#push(bytes, () => this.#segment!.append(chunk, start, end, keyframes));
  }

  /**
   * Sets the final place on the wall clock and lets held segments be announced.
   * @param ticks how much later than so far; may be negative
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
      if (later !== 0) await this.#segment?.shift(later);
      // One stays in the list until it is committed: what follows after a failure is for salvage.
      for (let segment = this.#held[0]; segment !== undefined; segment = this.#held[0]) {
        if (later !== 0) await segment.shift(later);
        await this.#options.folder.commit(this.#track!, segment);
        this.#held.shift();
        this.#options.onCommitted();
      }
    });
  }

  /** Ends the track: the last segment is committed. The times must be settled before. */
  end(): void {
    if (this.#begun) this.#endSegment();
  }

  /**
   * After a failed write: commits what whole chunks are on the disk. No file stays open.
   * @param onFailure told of each segment for which not even that is possible; its part file remains,
   * to be taken up when the disk takes it
   */
  async salvage(onFailure: (error: Error) => void): Promise<void> {
    const segments = [...this.#held, ...(this.#segment ? [this.#segment] : [])];
    this.#held = [];
    this.#segment = undefined;
    for (const segment of segments) {
      if (!segment.file.isClosed) await this.#finish(segment).catch(onFailure);
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
    this.#push(0, async () => {
      const segment = this.#segment!;
      if (!settled) this.#held.push(segment);
      else if (await this.#finish(segment)) this.#options.onCommitted();
      this.#segment = undefined;
    });
  }

  /** @returns true for a segment that holds something */
  async #finish(segment: OpenSegment): Promise<boolean> {
    if (segment.isEmpty) await segment.file.discard();
    else await this.#options.folder.commit(this.#track!, segment);
    return !segment.isEmpty;
  }

  #push(bytes: number, write: () => Promise<void>): void {
    this.#options.queue.push(this.#options.owner, bytes, write);
  }
}
