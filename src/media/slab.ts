/** Size of one block in bytes. */
const BLOCK_SIZE = 256 * 1024;

/**
 * Requests above this many bytes get memory of their own: taken from a block they would leave up to
 * that much of the block before unused.
 */
const LARGEST_SHARED = BLOCK_SIZE / 4;

/**
 * Hands out buffers cut one after another from large blocks, and never takes one back: a block is
 * freed by the garbage collector once nothing refers to any part of it.
 *
 * One fresh ArrayBuffer per packet would make every mark-compact collection visit each of them, at
 * hundreds of streams the largest single cost of the process. A block per 256 KiB leaves it next to
 * nothing to visit. In return a small buffer that is kept for long keeps its whole block: keep media
 * in it, not state.
 */
export class Slab {
  #block: Buffer = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /**
   * A buffer of `length` bytes that nobody else has. Its content is whatever the memory held: fill
   * all of it.
   *
   * @param length bytes, an integer from 0
   * @throws RangeError when `length` is negative, not an integer or more than a Buffer can hold
   */
  take(length: number): Buffer {
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(`length must be an integer of at least 0, got ${length}`);
    }
    if (length > LARGEST_SHARED) return Buffer.allocUnsafeSlow(length);
    if (length > this.#block.length - this.#used) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_SIZE);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = start + length;
    return this.#block.subarray(start, this.#used);
  }
}
