import { LENGTH_BYTES } from '../containers/mp4/chunk.ts';

/** Size of a piece of memory, bytes: a longer part has memory of its own. */
export const PIECE_BYTES = 64 * 1024;
/** Size of the first piece of a chunk, bytes: a second of sound, or of a still picture, needs no more. */
const FIRST_BYTES = 16 * 1024;
/** Places in a piece, of which the last is behind an empty part at its end. */
const PLACES = 2 * PIECE_BYTES;
/** Most bytes that are kept while nothing needs them, for the thread. */
const MOST_SPARE_BYTES = 32 * 1024 * 1024;
/** After so many chunks, what none of them needed is given back: some seconds of a thread with many streams. */
const TRIM_CHUNKS = 1024;

/** Pieces of one size that are not in use; shared by all streams of the thread. */
class SparePieces {
  readonly #bytes: number;
  readonly #pieces: Buffer[] = [];
  /** Fewest pieces that were left since the last {@link trim}. */
  #least = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    const piece = this.#pieces.pop();
    if (this.#pieces.length < this.#least) this.#least = this.#pieces.length;
    return piece ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  give(piece: Buffer): void {
    if (this.#pieces.length * this.#bytes < MOST_SPARE_BYTES) this.#pieces.push(piece);
  }

  /** Drops half of what was not needed since the last call, as a slow disk may need it again. */
  trim(): void {
    this.#pieces.length -= Math.ceil(this.#least / 2);
    this.#least = this.#pieces.length;
  }
}

const firstPieces = new SparePieces(FIRST_BYTES);
const pieces = new SparePieces(PIECE_BYTES);
let chunksUntilTrim = TRIM_CHUNKS;

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
  /** Pieces, and parts that have memory of their own. */
  readonly #pieces: Buffer[] = [];
  /** Index of the piece that is being filled, and how much of it is in use and is not, bytes. */
  #filled = -1;
  #used = 0;
  #free = 0;

  /**
   * Copies a part of a sample, unless it exceeds a piece: then it has memory of its own.
   * @returns its place, a small integer, for {@link view}
   */
  hold(part: Buffer): number {
    const { length } = part;
    if (length > PIECE_BYTES) return (this.#pieces.push(part) - 1) * PLACES;
    const start = this.#reserve(length);
    part.copy(this.#pieces[this.#filled]!, start);
    return this.#filled * PLACES + start;
  }

  /** Holds the length of a part, in {@link LENGTH_BYTES}, as {@link hold} holds the part. */
  holdLength(length: number): number {
    const start = this.#reserve(LENGTH_BYTES);
    this.#pieces[this.#filled]!.writeUInt32BE(length, start);
    return this.#filled * PLACES + start;
  }

  /** A part that is held, to be written before {@link release}. @param length its length, bytes */
  view(place: number, length: number): Buffer {
    const start = place % PLACES;
    return this.#pieces[(place - start) / PLACES]!.subarray(start, start + length);
  }

  /** The chunk is written, or will not be: its memory is used again. */
  release(): void {
    for (const piece of this.#pieces) {
      if (piece.length === FIRST_BYTES) firstPieces.give(piece);
      else if (piece.length === PIECE_BYTES) pieces.give(piece);
    }
    this.#pieces.length = 0;
    this.#filled = -1;
    if (--chunksUntilTrim > 0) return;
    chunksUntilTrim = TRIM_CHUNKS;
    firstPieces.trim();
    pieces.trim();
  }

  /** @returns where in the piece that is being filled there is room, which is in use from now on */
  #reserve(length: number): number {
    if (length > this.#free || this.#filled < 0) this.#addPiece(length);
    const start = this.#used;
    this.#used += length;
    this.#free -= length;
    return start;
  }

  /** @param length of the part that it has to hold, bytes */
  #addPiece(length: number): void {
    const isSmall = this.#filled < 0 && length <= FIRST_BYTES;
    const piece = (isSmall ? firstPieces : pieces).take();
    this.#filled = this.#pieces.push(piece) - 1;
    this.#used = 0;
    this.#free = piece.length;
  }
}
