import type { TrackKind } from '../media/access-unit.ts';

/**
 * Rows per chunk. Large enough to make the overhead of typed arrays negligible, small enough to
 * free memory early.
 */
export const CHUNK_ROWS = 4096;

const KEYFRAME_FLAG = 1;
const AUDIO_FLAG = 2;
const DROPPED_FLAG = 4;
const WAITING_FLAG = 8;

/** The data of a row; times in µs since the Unix epoch, size in bytes. */
export interface Row {
  createdAt: number;
  startUs: number;
  endUs: number;
  kind: TrackKind;
  isKeyframe: boolean;
  keyframes: readonly number[];
  /** Id of the row's series, which holds what consecutive rows have in common. */
  series: number;
  /** The number in the segment's file name. */
  number: number;
  size: number;
}

/**
 * Up to {@link CHUNK_ROWS} consecutive rows, with one typed array per column. Times are µs as
 * float64, which is exact up to 2^53 (the year 2255) and avoids the allocations of BigInt.
 */
export class SegmentChunk {
  /** Number of the first row; rows are numbered across all chunks and never renumbered. */
  readonly base: number;
  /** Number of rows written, including dropped ones. */
  rows = 0;
  liveVideo = 0;
  liveAudio = 0;
  /**
   * Bounds over all rows written. Dropping rows does not narrow them, except that an eviction
   * narrows {@link minEndUs}.
   */
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
  /** Offsets from the row's start, µs. Converted to float64 if one does not fit into 32 bits. */
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

  /** Adds a row. Precondition: the chunk is not full. */
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
    // A released chunk has no columns, because all its rows were dropped.
    return flags === undefined || (flags & DROPPED_FLAG) !== 0;
  }

  /** Whether the file is at its destination, on disk or in the store. */
  isUploaded(at: number): boolean {
    return (this.#flags[at]! & WAITING_FLAG) === 0;
  }

  setUploaded(at: number, uploaded: boolean): void {
    if (uploaded) this.#flags[at]! &= ~WAITING_FLAG;
    else this.#flags[at]! |= WAITING_FLAG;
  }

  /** First place of a row's keyframes, and of the next row's, for {@link keyframeOffset}. */
  keyframesStart(at: number): number {
    return at === 0 ? 0 : this.#keyframesEnd[at - 1]!;
  }

  keyframesEnd(at: number): number {
    return this.#keyframesEnd[at]!;
  }

  /** Offset of the keyframe at this place from the start of its row, µs. */
  keyframeOffset(place: number): number {
    return this.#keyframes[place]!;
  }

  /** Marks a row as dropped. */
  drop(at: number): void {
    if (this.kind(at) === 'audio') this.liveAudio--;
    else this.liveVideo--;
    this.#flags[at]! |= DROPPED_FLAG;
  }

  /** Frees the columns of a chunk whose rows have all been dropped. */
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
