import type { PeriodReason } from '../facts/period-reason.ts';
import type { SegmentChunk } from './segment-chunk.ts';
import type { SegmentColumns } from './segment-columns.ts';
import { extendSpans, inOrder, type TrackSpan } from './track-spans.ts';

const BLOCK_ROWS = 256;
const FIRST_ROWS = 16;

/** Consecutive rows of a track; all blocks but the last are full. */
interface Block {
  /** Number of the first row. */
  base: number;
  /** Row numbers in ascending order, including dropped rows, less the base. */
  rows: Uint32Array;
  length: number;
  live: number;
  /** Place of the first live row; rows before it may have left the columns. */
  first: number;
  /** Bounds over all rows added; dropping does not narrow them. */
  startUs: number;
  endUs: number;
  /** What its live rows add up to; undefined since a row came or went, until it is asked for. */
  spans: TrackSpan[] | undefined;
}

/**
 * The rows of one track of one stream, in the order of `created_at`. Times usually ascend with it,
 * but not always (a repaired segment comes late), so each block of rows keeps the bounds of its
 * times: a search by time skips whole blocks and is exact in any order.
 *
 * A dropped row stays in its block, hidden, until the last row of the block is dropped. Since
 * mostly the oldest rows are dropped, the cost is proportional to their number.
 */
export class TrackRows {
  readonly #columns: SegmentColumns;
  readonly #reasonOf: (chunk: SegmentChunk, at: number) => PeriodReason | undefined;
  #blocks: Block[] = [];

  /** @param reasonOf why the Period of a live row began, where that is known */
  constructor(
    columns: SegmentColumns,
    reasonOf: (chunk: SegmentChunk, at: number) => PeriodReason | undefined,
  ) {
    this.#columns = columns;
    this.#reasonOf = reasonOf;
  }

  /** One more than the last place. Places are valid until a row is dropped. */
  get length(): number {
    const last = this.#blocks.at(-1);
    return last === undefined ? 0 : (this.#blocks.length - 1) * BLOCK_ROWS + last.length;
  }

  /** Number of the row at a place. */
  row(place: number): number {
    const block = this.#blocks[Math.floor(place / BLOCK_ROWS)]!;
    return block.base + block.rows[place % BLOCK_ROWS]!;
  }

  push(row: number, startUs: number, endUs: number): void {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.length === BLOCK_ROWS) {
      const rows = new Uint32Array(block === undefined ? FIRST_ROWS : BLOCK_ROWS);
      const places = { base: row, rows, length: 0, live: 0, first: 0 };
      block = { ...places, startUs, endUs, spans: undefined };
      this.#blocks.push(block);
    } else if (block.length === block.rows.length) {
      const grown = new Uint32Array(block.length * 2);
      grown.set(block.rows);
      block.rows = grown;
    }
    block.rows[block.length++] = row - block.base;
    block.live++;
    block.startUs = Math.min(block.startUs, startUs);
    block.endUs = Math.max(block.endUs, endUs);
    block.spans = undefined;
  }

  /** Removes a dropped row. Call it before the row's chunk leaves the columns. */
  drop(row: number): void {
    const index = this.#firstBlockFrom(row);
    const block = this.#blocks[index]!;
    block.live--;
    block.spans = undefined;
    if (block.live === 0) {
      this.#blocks.splice(index, 1);
      return;
    }
    while (this.#isDropped(block.base + block.rows[block.first]!)) block.first++;
  }

  /** First place whose row has a greater `created_at`. */
  firstAfter(createdAt: number): number {
    const row = this.#columns.firstAfter(createdAt);
    const index = this.#firstBlockFrom(row);
    const block = this.#blocks[index];
    if (block === undefined) return this.length;
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (block.base + block.rows[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return index * BLOCK_ROWS + low;
  }

  /**
   * First place, from the given one on, whose row overlaps [fromUs, toUs), or the length. Times in
   * µs; infinite for no bound.
   */
  nextOverlap(place: number, fromUs: number, toUs: number): number {
    for (let index = Math.floor(place / BLOCK_ROWS); index < this.#blocks.length; index++) {
      const block = this.#blocks[index]!;
      if (block.startUs >= toUs || block.endUs <= fromUs) continue;
      for (let at = Math.max(block.first, place - index * BLOCK_ROWS); at < block.length; at++) {
        const row = block.base + block.rows[at]!;
        const chunk = this.#columns.chunkOf(row);
        const inChunk = row - chunk.base;
        const overlaps = chunk.startUs[inChunk]! < toUs && chunk.endUs(inChunk) > fromUs;
        if (overlaps && !chunk.isDropped(inChunk)) return index * BLOCK_ROWS + at;
      }
    }
    return this.length;
  }

  /**
   * Earliest start of a row of the kind that ends at or after a time, or infinity; µs since the
   * Unix epoch. If times ascend, only one block is searched.
   */
  earliestStart(fromUs: number, isOfKind: (chunk: SegmentChunk, at: number) => boolean): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const block of this.#blocks) {
      if (block.endUs < fromUs || block.startUs >= earliest) continue;
      for (const { chunk, at } of this.#liveRows(block)) {
        const startUs = chunk.startUs[at]!;
        if (startUs < earliest && isOfKind(chunk, at)) earliest = startUs;
      }
    }
    return earliest;
  }

  /**
   * Latest end of a row of the kind that starts at or before a time, or -infinity; compare
   * {@link earliestStart}.
   */
  latestEnd(toUs: number, isOfKind: (chunk: SegmentChunk, at: number) => boolean): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (let index = this.#blocks.length - 1; index >= 0; index--) {
      const block = this.#blocks[index]!;
      if (block.startUs > toUs || block.endUs <= latest) continue;
      for (const { chunk, at } of this.#liveRows(block)) {
        const endUs = chunk.endUs(at);
        if (endUs > latest && isOfKind(chunk, at)) latest = endUs;
      }
    }
    return latest;
  }

  /**
   * Unbroken stretches of media that overlap [fromUs, toUs), in the order of time and not cut to it;
   * those that follow each other without a gap may be apart. What overlaps by whole blocks costs
   * nothing a row.
   */
  spans(fromUs: number, toUs: number): TrackSpan[] {
    const found: TrackSpan[] = [];
    for (const block of this.#blocks) {
      if (block.startUs >= toUs || block.endUs <= fromUs) continue;
      const isWhole = block.startUs >= fromUs && block.endUs <= toUs;
      if (isWhole) block.spans ??= this.#spansOf(block, fromUs, toUs);
      for (const span of isWhole ? block.spans! : this.#spansOf(block, fromUs, toUs)) {
        found.push(span);
      }
    }
    return inOrder(found);
  }

  #spansOf(block: Block, fromUs: number, toUs: number): TrackSpan[] {
    const spans: TrackSpan[] = [];
    for (let place = block.first; place < block.length; place++) {
      const row = block.base + block.rows[place]!;
      const chunk = this.#columns.chunkOf(row);
      const at = row - chunk.base;
      if (chunk.isDropped(at)) continue;
      const startUs = chunk.startUs[at]!;
      const endUs = chunk.endUs(at);
      if (startUs >= toUs || endUs <= fromUs) continue;
      extendSpans(spans, startUs, endUs, chunk.size(at), this.#reasonOf(chunk, at));
    }
    return spans;
  }

  *#liveRows(block: Block): Generator<{ chunk: SegmentChunk; at: number }> {
    for (let place = block.first; place < block.length; place++) {
      const row = block.base + block.rows[place]!;
      const chunk = this.#columns.chunkOf(row);
      const at = row - chunk.base;
      if (!chunk.isDropped(at)) yield { chunk, at };
    }
  }

  /** Index of the first block that contains a row or a later one. */
  #firstBlockFrom(row: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.#blocks[middle]!;
      if (block.base + block.rows[block.length - 1]! < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isDropped(row: number): boolean {
    const chunk = this.#columns.chunkOf(row);
    return chunk.isDropped(row - chunk.base);
  }
}
