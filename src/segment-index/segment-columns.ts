import { chunkRows, type Row, SegmentChunk } from './segment-chunk.ts';

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
    return this.chunks[Math.floor((row - this.chunks[0]!.base) / chunkRows)]!;
  }

  createdAt(row: number): number {
    const chunk = this.chunkOf(row);
    return chunk.createdAt[row - chunk.base]!;
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

  /** Gives back the memory of full chunks without a live row. */
  releaseDropped(): void {
    for (const chunk of this.chunks) {
      // A chunk in the middle stays as an empty shell: a row's number leads to its chunk.
      if (chunk.full && chunk.live === 0 && chunk.createdAt.length > 0) chunk.release();
    }
    let leading = 0;
    while (leading < this.chunks.length - 1 && this.chunks[leading]!.live === 0) leading++;
    this.chunks.splice(0, leading);
  }
}
