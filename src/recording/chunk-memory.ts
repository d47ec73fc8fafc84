/** Size of a piece of memory, bytes. */
const PIECE_BYTES = 64 * 1024;
/** Most pieces that are kept while nothing needs them, for the thread: 32 MiB. */
const MOST_SPARE = 512;

/** Pieces that are not in use; shared by all streams of the thread. */
const spare: Buffer[] = [];

/**
 * Memory for the payload of a chunk, until the chunk is written.
 *
 * Payloads are copied here as soon as they are samples. What they were received in is garbage within
 * milliseconds then, while V8 still has it in its young generation and frees it at almost no cost. Without
 * the copy, everything that arrives within a second survives long enough to be moved to the old generation,
 * from where only a collection of the whole heap frees it: that was a third of the CPU time of a worker, and
 * most of its memory.
 */
export class ChunkMemory {
  readonly #pieces: Buffer[] = [];
  /** Bytes of the last piece that are in use. */
  #used = PIECE_BYTES;

  /**
   * Copies a part of a sample, unless it exceeds a piece: then it has memory of its own.
   * @returns what to write, valid until {@link release}
   */
  hold(part: Buffer): Buffer {
    const { length } = part;
    if (length > PIECE_BYTES) return part;
    if (length > PIECE_BYTES - this.#used) {
      this.#pieces.push(spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES));
      this.#used = 0;
    }
    const piece = this.#pieces[this.#pieces.length - 1]!;
    const start = this.#used;
    this.#used = start + length;
    part.copy(piece, start);
    return piece.subarray(start, this.#used);
  }

  /** The chunk is written, or will not be: its memory is used again. */
  release(): void {
    for (const piece of this.#pieces) if (spare.length < MOST_SPARE) spare.push(piece);
    this.#pieces.length = 0;
    this.#used = PIECE_BYTES;
  }
}
