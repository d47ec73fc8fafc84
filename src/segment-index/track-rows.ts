import type { SegmentColumns } from './segment-columns.ts';

const blockRows = 256;

/**
 * The rows of one track of one stream, in the order of `created_at`. Their times rise with it in
 * most cases but need not (a repaired segment comes late), so each block of rows keeps the bounds of
 * its times: a search in time skips whole blocks and is exact in any order.
 */
export class TrackRows {
  #columns: SegmentColumns;
  #rows = new Float64Array(16);
  #length = 0;
  #blockStartUs: number[] = [];
  #blockEndUs: number[] = [];

  constructor(columns: SegmentColumns) {
    this.#columns = columns;
  }

  get length(): number {
    return this.#length;
  }

  /** Number of the row at a place of this list. */
  row(place: number): number {
    return this.#rows[place]!;
  }

  push(row: number, startUs: number, endUs: number): void {
    if (this.#length === this.#rows.length) {
      const grown = new Float64Array(Math.ceil(this.#length * 1.25));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    const block = Math.floor(this.#length / blockRows);
    this.#blockStartUs[block] = Math.min(this.#blockStartUs[block] ?? startUs, startUs);
    this.#blockEndUs[block] = Math.max(this.#blockEndUs[block] ?? endUs, endUs);
    this.#rows[this.#length++] = row;
  }

  /** First place whose row has a `created_at` beyond the one given. */
  firstAfter(createdAt: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#columns.createdAt(this.#rows[middle]!) <= createdAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * First place at or after the one given whose row overlaps [fromUs, toUs), or the length.
   * Times in µs; infinite ones stand for no bound.
   */
  nextOverlap(place: number, fromUs: number, toUs: number): number {
    let at = place;
    while (at < this.#length) {
      const block = Math.floor(at / blockRows);
      const blockEnd = Math.min((block + 1) * blockRows, this.#length);
      if (this.#blockStartUs[block]! < toUs && this.#blockEndUs[block]! > fromUs) {
        for (; at < blockEnd; at++) {
          const row = this.#rows[at]!;
          const chunk = this.#columns.chunkOf(row);
          const inChunk = row - chunk.base;
          if (chunk.startUs[inChunk]! < toUs && chunk.endUs[inChunk]! > fromUs) return at;
        }
      }
      at = blockEnd;
    }
    return at;
  }

  /** Takes the rows that were dropped out of the list. */
  removeDropped(): void {
    const rows = this.#rows.subarray(0, this.#length);
    this.#rows = new Float64Array(16);
    this.#length = 0;
    this.#blockStartUs = [];
    this.#blockEndUs = [];
    for (const row of rows) {
      const chunk = this.#columns.chunkOf(row);
      const at = row - chunk.base;
      if (!chunk.isDropped(at)) this.push(row, chunk.startUs[at]!, chunk.endUs[at]!);
    }
  }
}
