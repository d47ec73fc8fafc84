import { CHUNK_ROWS, type Row, SegmentChunk } from './segment-chunk.ts';

/** All rows in the order in which they were added, which is that of `created_at`. */
export class SegmentColumns {
  readonly chunks: SegmentChunk[] = [];
  #nextRow = 0;

  /** `created_at` of the newest row, dropped or not; 0 if there is none. */
  get lastCreatedAt(): number {
    return this.chunks.at(-1)?.lastCreatedAt ?? 0;
  }

  /** Adds a row, whose `created_at` must exceed that of the previous row. @returns its number */
  push(row: Row): number {
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.full) {
      chunk = new SegmentChunk(this.#nextRow);
      this.chunks.push(chunk);
    }
    chunk.push(row);
    return this.#nextRow++;
  }

  /** Number that the next row will have. */
  get nextRow(): number {
    return this.#nextRow;
  }

  /** Adds the rows of a chunk whose base is {@link nextRow}, while all other chunks are full. */
  adopt(chunk: SegmentChunk): void {
    this.chunks.push(chunk);
    this.#nextRow += chunk.rows;
  }

  /** The chunk of a live row. */
  chunkOf(row: number): SegmentChunk {
    return this.chunks[Math.floor((row - this.chunks[0]!.base) / CHUNK_ROWS)]!;
  }

  createdAt(row: number): number {
    const chunk = this.chunkOf(row);
    return chunk.createdAt[row - chunk.base]!;
  }

  /** Number of the first row with a greater `created_at`, dropped or not. */
  firstAfter(createdAt: number): number {
    const chunk = this.chunks[this.firstChunkAfter(createdAt)];
    return chunk === undefined ? this.#nextRow : chunk.base + this.firstRowAfter(chunk, createdAt);
  }

  /** The chunk of a row, or the next existing one; undefined after the last. */
  chunkFrom(row: number): SegmentChunk | undefined {
    const [first] = this.chunks;
    return first && this.chunks[Math.max(0, Math.floor((row - first.base) / CHUNK_ROWS))];
  }

  /** Index of the first chunk with a row that has a greater `created_at`. */
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

  /** Place of the first row in the chunk with a greater `created_at`. */
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

  /** Releases a chunk whose rows were dropped, if it is full and has no live row. */
  releaseDropped(dropped: SegmentChunk): void {
    // A chunk in the middle remains as an empty shell, because chunks are found by row number.
    if (dropped.full && dropped.live === 0) dropped.release();
    let leading = 0;
    while (leading < this.chunks.length - 1 && this.chunks[leading]!.live === 0) leading++;
    this.chunks.splice(0, leading);
  }
}
