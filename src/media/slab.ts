/** Size of a block, bytes. */
const BLOCK_SIZE = 256 * 1024;

/**
 * Larger requests get their own memory, bytes; otherwise they would leave up to this much of the
 * previous block unused.
 */
const LARGEST_SHARED = BLOCK_SIZE / 4;

/**
 * Provides buffers from large blocks. They are not returned: a block is garbage collected once
 * nothing refers to any part of it.
 *
 * With an ArrayBuffer per packet, every mark-compact collection would visit each of them, which for
 * hundreds of streams is the largest single cost of the process. With a block per 256 KiB there is
 * almost nothing to visit. In return, a small buffer that is kept for long keeps its whole block:
 * use it for media, not for state.
 */
export class Slab {
  #block: Buffer = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /**
   * A buffer of `length` bytes with arbitrary content: overwrite all of it.
   *
   * @param length bytes, an integer from 0
   * @throws RangeError if `length` is negative, not an integer or exceeds the maximum of a Buffer
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

  /**
   * Shortens a buffer that was taken, and takes back the rest of its memory if no other was taken since.
   *
   * @param length bytes, at most those of the buffer
   */
  shorten(buffer: Buffer, length: number): Buffer {
    const end = buffer.byteOffset + buffer.length;
    if (buffer.buffer === this.#block.buffer && end === this.#used) {
      this.#used = buffer.byteOffset + length;
    }
    return buffer.subarray(0, length);
  }
}
