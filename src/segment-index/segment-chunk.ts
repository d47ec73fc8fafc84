import type { TrackKind } from '../media/access-unit.ts';

/** Rows in a chunk. Large enough that typed arrays cost nothing a row, small enough to free early. */
export const CHUNK_ROWS = 4096;

const KEYFRAME_FLAG = 1;
const AUDIO_FLAG = 2;
const DROPPED_FLAG = 4;
const WAITING_FLAG = 8;

/** What one row stores besides its place; times in µs since the Unix epoch, size in bytes. */
export interface Row {
  createdAt: number;
  startUs: number;
  endUs: number;
  kind: TrackKind;
  isKeyframe: boolean;
  keyframes: readonly number[];
  /** Number of the row's series: all that it shares with its neighbours. */
  series: number;
  /** The number in the segment's file name. */
  number: number;
  size: number;
}

/**
 * Up to {@link CHUNK_ROWS} consecutive rows, a typed array a column. Times are float64 µs: exact to
 * 2^53, that is to the year 2255, and without the allocation that each BigInt costs.
 */
export class SegmentChunk {
  /** Number of the first row; rows are numbered through all chunks and never renumbered. */
  readonly base: number;
  /** Rows that were written, dropped ones included. */
  rows = 0;
  liveVideo = 0;
  liveAudio = 0;
  /** Bounds over all rows written. Dropping rows does not narrow them, but an eviction {@link minEndUs}. */
  minStartUs = Number.POSITIVE_INFINITY;
  minEndUs = Number.POSITIVE_INFINITY;
  maxEndUs = Number.NEGATIVE_INFINITY;
  lastCreatedAt = 0;

  createdAt = new Float64Array(CHUNK_ROWS);
  startUs = new Float64Array(CHUNK_ROWS);
  endUs = new Float64Array(CHUNK_ROWS);
  size = new Float64Array(CHUNK_ROWS);
  series = new Uint32Array(CHUNK_ROWS);
  number = new Uint32Array(CHUNK_ROWS);
  #flags = new Uint8Array(CHUNK_ROWS);
  #keyframesEnd = new Uint32Array(CHUNK_ROWS);
  /** Offsets from the row's start, µs. Widened to float64 should one not fit 32 bits. */
  #keyframes: Uint32Array | Float64Array = new Uint32Array(CHUNK_ROWS);

  constructor(base: number) {
    this.base = base;
  }

  get full(): boolean {
    return this.rows === CHUNK_ROWS;
  }

  get live(): number {
    return this.liveVideo + this.liveAudio;
  }

  /** Adds a row; the chunk must not be full. */
  push(row: Row): void {
    const at = this.rows++;
    this.createdAt[at] = row.createdAt;
    this.startUs[at] = row.startUs;
    this.endUs[at] = row.endUs;
    this.size[at] = row.size;
    this.series[at] = row.series;
    this.number[at] = row.number;
    this.#flags[at] =
      (row.isKeyframe ? KEYFRAME_FLAG : 0) | (row.kind === 'audio' ? AUDIO_FLAG : 0);
    this.#pushKeyframes(at, row.startUs, row.keyframes);
    if (row.kind === 'audio') this.liveAudio++;
    else this.liveVideo++;
    this.minStartUs = Math.min(this.minStartUs, row.startUs);
    this.minEndUs = Math.min(this.minEndUs, row.endUs);
    this.maxEndUs = Math.max(this.maxEndUs, row.endUs);
    this.lastCreatedAt = row.createdAt;
    if (this.full) this.#keyframes = this.#keyframes.slice(0, this.keyframesEnd(at));
  }

  kind(at: number): TrackKind {
    return this.#flags[at]! & AUDIO_FLAG ? 'audio' : 'video';
  }

  isKeyframe(at: number): boolean {
    return (this.#flags[at]! & KEYFRAME_FLAG) !== 0;
  }

  isDropped(at: number): boolean {
    const flags = this.#flags[at];
    // The columns were given back once every row was.
    return flags === undefined || (flags & DROPPED_FLAG) !== 0;
  }

  /** Whether its file is where it is to stay: on the disk, or in the store behind it. */
  isUploaded(at: number): boolean {
    return (this.#flags[at]! & WAITING_FLAG) === 0;
  }

  setUploaded(at: number, uploaded: boolean): void {
    if (uploaded) this.#flags[at]! &= ~WAITING_FLAG;
    else this.#flags[at]! |= WAITING_FLAG;
  }

  /** First and, exclusive, last place of a row's keyframes for {@link keyframeOffset}. */
  keyframesStart(at: number): number {
    return at === 0 ? 0 : this.#keyframesEnd[at - 1]!;
  }

  keyframesEnd(at: number): number {
    return this.#keyframesEnd[at]!;
  }

  /** µs from the start of the row to the keyframe at this place. */
  keyframeOffset(place: number): number {
    return this.#keyframes[place]!;
  }

  /** Marks a row as dropped. */
  drop(at: number): void {
    if (this.kind(at) === 'audio') this.liveAudio--;
    else this.liveVideo--;
    this.#flags[at]! |= DROPPED_FLAG;
  }

  /** Frees the columns of a chunk whose rows were all dropped. */
  release(): void {
    const none = new Float64Array(0);
    this.createdAt = none;
    this.startUs = none;
    this.endUs = none;
    this.size = none;
    this.series = new Uint32Array(0);
    this.number = this.series;
    this.#keyframesEnd = this.series;
    this.#keyframes = this.series;
    this.#flags = new Uint8Array(0);
  }

  #pushKeyframes(at: number, startUs: number, keyframes: readonly number[]): void {
    let end = this.keyframesStart(at);
    if (end + keyframes.length > this.#keyframes.length) {
      const length = Math.max(this.#keyframes.length * 2, end + keyframes.length);
      const wider =
        this.#keyframes instanceof Float64Array
          ? new Float64Array(length)
          : new Uint32Array(length);
      wider.set(this.#keyframes);
      this.#keyframes = wider;
    }
    for (const keyframe of keyframes) {
      const offset = keyframe - startUs;
      if ((offset < 0 || offset > 0xffffffff) && this.#keyframes instanceof Uint32Array) {
        this.#keyframes = Float64Array.from(this.#keyframes);
      }
      this.#keyframes[end++] = offset;
    }
    this.#keyframesEnd[at] = end;
  }
}
