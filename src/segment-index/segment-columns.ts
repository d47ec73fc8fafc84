import { CHUNK_ROWS, type Row, SegmentChunk } from './segment-chunk.ts';

/** All rows in the order in which they were added, that is of `created_at`. */
export class SegmentColumns {
  readonly chunks: SegmentChunk[] = [];
  #nextRow = 0;

  /** `created_at` of the newest row, dropped or not; 0 where there was none. */
  get lastCreatedAt(): number {
    return this.chunks.at(-1)?.lastCreatedAt ?? 0;
  }

  /** @returns the number of the new row; `created_at` must exceed that of the row before */
  push(row: Row): number {
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.full) {
      chunk = new SegmentChunk(this.#nextRow);
      this.chunks.push(chunk);
    }
    chunk.push(row);
    return this.#nextRow++;
  }

  /** The chunk that holds a row which is live. */
  chunkOf(row: number): SegmentChunk {
    return this.chunks[Math.floor((row - this.chunks[0]!.base) / CHUNK_ROWS)]!;
  }

  createdAt(row: number): number {
    const chunk = this.chunkOf(row);
    return chunk.createdAt[row - chunk.base]!;
  }

  /** Number of the first row with `created_at` beyond the one given, dropped or not. */
  firstAfter(createdAt: number): number {
    const chunk = this.chunks[this.firstChunkAfter(createdAt)];
    return chunk === undefined ? this.#nextRow : chunk.base + this.firstRowAfter(chunk, createdAt);
  }

  /** The chunk that holds a row, or else the first one after it; undefined beyond the last. */
  chunkFrom(row: number): SegmentChunk | undefined {
    const [first] = this.chunks;
    return first && this.chunks[Math.max(0, Math.floor((row - first.base) / CHUNK_ROWS))];
  }

  /** Index of the first chunk that has a row with `created_at` beyond the one given. */
  firstChunkAfter(createdAt: number): number {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.chunks[middle]!.lastCreatedAt <= createdAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Place in the chunk of its first row with `created_at` beyond the one given. */
  firstRowAfter(chunk: SegmentChunk, createdAt: number): number {
    let low = 0;
    let high = chunk.rows;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (chunk.createdAt[middle]! <= createdAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives back the memory of a chunk that rows were dropped from, if it is full and none is left. */
  releaseDropped(dropped: SegmentChunk): void {
    // A chunk in the middle stays as an empty shell: a row's number leads to its chunk.
    if (dropped.full && dropped.live === 0) dropped.release();
    let leading = 0;
    while (leading < this.chunks.length - 1 && this.chunks[leading]!.live === 0) leading++;
    this.chunks.splice(0, leading);
  }
}
