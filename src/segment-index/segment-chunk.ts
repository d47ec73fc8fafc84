import type { TrackKind } from '../media/access-unit.ts';
import { decodeColumns, encodeColumns } from './column-bytes.ts';
import { NarrowColumn } from './narrow-column.ts';

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

type Wide = Uint32Array | Float64Array;

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
  series = new Uint32Array(CHUNK_ROWS);
  number = new Uint32Array(CHUNK_ROWS);
  #length = new NarrowColumn(CHUNK_ROWS);
  #size = new NarrowColumn(CHUNK_ROWS);
  #flags = new Uint8Array(CHUNK_ROWS);
  #keyframesEnd = new Uint32Array(CHUNK_ROWS);
  /** Offsets from the row's start, µs. */
  #keyframes = new NarrowColumn(CHUNK_ROWS);

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
    const at = this.rows;
    this.createdAt[at] = row.createdAt;
    this.startUs[at] = row.startUs;
    this.#length.set(at, row.endUs - row.startUs);
    this.#size.set(at, row.size);
    this.series[at] = row.series;
    this.number[at] = row.number;
    this.#flags[at] =
      (row.isKeyframe ? KEYFRAME_FLAG : 0) | (row.kind === 'audio' ? AUDIO_FLAG : 0);
    let end = this.keyframesStart(at);
    for (const keyframe of row.keyframes) this.#keyframes.set(end++, keyframe - row.startUs);
    this.#keyframesEnd[at] = end;
    this.#count(at);
  }

  /** Adds a row of another chunk as that of an uploaded segment. @param series its series here */
  copy(from: SegmentChunk, place: number, series: number): void {
    const at = this.rows;
    this.createdAt[at] = from.createdAt[place]!;
    this.startUs[at] = from.startUs[place]!;
    this.#length.set(at, from.#length.at(place));
    this.#size.set(at, from.#size.at(place));
    this.series[at] = series;
    this.number[at] = from.number[place]!;
    this.#flags[at] = from.#flags[place]! & ~WAITING_FLAG;
    let end = this.keyframesStart(at);
    const lastKeyframe = from.#keyframesEnd[place]!;
    for (let keyframe = from.keyframesStart(place); keyframe < lastKeyframe; keyframe++) {
      this.#keyframes.set(end++, from.#keyframes.at(keyframe));
    }
    this.#keyframesEnd[at] = end;
    this.#count(at);
  }

  /** The columns as bytes; see {@link encodeColumns}. */
  encode(): Uint8Array {
    const { rows } = this;
    const { createdAt, startUs, series, number } = this;
    const each = [createdAt, startUs, this.#length.values, this.#size.values, series, number];
    return encodeColumns([
      ...[...each, this.#keyframesEnd, this.#flags].map((column) => column.subarray(0, rows)),
      this.#keyframes.values.subarray(0, this.keyframesStart(rows)),
    ]);
  }

  /**
   * A chunk of the rows that {@link encode} returned.
   * @throws Error if they are not that
   */
  static decode(base: number, bytes: Uint8Array): SegmentChunk {
    const columns = decodeColumns(bytes);
    const [createdAt, startUs, length, size, series, number, keyframesEnd, flags, keyframes] =
      columns as [
        ...[Float64Array, Float64Array, Wide, Wide, Uint32Array, Uint32Array],
        ...[Uint32Array, Uint8Array, Wide],
      ];
    const rows = createdAt.length;
    if (columns.length !== 9 || rows > CHUNK_ROWS || keyframesEnd.at(-1) !== keyframes.length) {
      throw new Error('the columns of segments do not fit together');
    }
    const chunk = new SegmentChunk(base);
    chunk.createdAt.set(createdAt);
    chunk.startUs.set(startUs);
    chunk.#length.fill(length);
    chunk.#size.fill(size);
    chunk.series.set(series);
    chunk.number.set(number);
    chunk.#keyframesEnd.set(keyframesEnd);
    chunk.#flags.set(flags);
    chunk.#keyframes.fill(keyframes);
    while (chunk.rows < rows) chunk.#count(chunk.rows);
    return chunk;
  }

  endUs(at: number): number {
    return this.startUs[at]! + this.#length.at(at);
  }

  /** From the start to the end. */
  lengthUs(at: number): number {
    return this.#length.at(at);
  }

  size(at: number): number {
    return this.#size.at(at);
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
    return this.#keyframes.at(place);
  }

  /** Marks a row as dropped. */
  drop(at: number): void {
    if (this.kind(at) === 'audio') this.liveAudio--;
    else this.liveVideo--;
    this.#flags[at]! |= DROPPED_FLAG;
  }

  /** Frees the columns of a chunk whose rows have all been dropped. */
  release(): void {
    this.createdAt = new Float64Array(0);
    this.startUs = this.createdAt;
    this.series = new Uint32Array(0);
    this.number = this.series;
    this.#keyframesEnd = this.series;
    this.#flags = new Uint8Array(0);
    for (const column of [this.#length, this.#size, this.#keyframes]) column.trim(0);
  }

  /** Counts the next row, whose columns are set. */
  #count(at: number): void {
    this.rows++;
    if (this.kind(at) === 'audio') this.liveAudio++;
    else this.liveVideo++;
    const endUs = this.endUs(at);
    this.minStartUs = Math.min(this.minStartUs, this.startUs[at]!);
    this.minEndUs = Math.min(this.minEndUs, endUs);
    this.maxEndUs = Math.max(this.maxEndUs, endUs);
    this.lastCreatedAt = this.createdAt[at]!;
    if (this.full) this.#keyframes.trim(this.keyframesEnd(at));
  }
}
