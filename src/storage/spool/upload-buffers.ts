/** Smaller buffers are left to the allocator, bytes. */
const LEAST_BYTES = 64 << 10;
/** Larger buffers are rare and not kept, bytes. */
const MOST_BYTES = 32 << 20;

/**
 * Reuses the memory into which files are read: a new buffer for each file would cost more in
 * garbage collection than its upload.
 */
export class UploadBuffers {
  readonly #most: number;
  /** Free buffers, whose sizes are powers of two. */
  #free: Buffer[] = [];

  /** @param most number of free buffers to keep */
  constructor(most: number) {
    this.#most = most;
  }

  /** A buffer of this size with arbitrary content. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const at = this.#free.findIndex((buffer) => buffer.length >= bytes);
    const buffer = at < 0 ? undefined : this.#free.splice(at, 1)[0];
    return (buffer ?? Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)))).subarray(0, bytes);
  }

  /**
   * Takes back a buffer that is no longer read. A buffer that is not given back is garbage
   * collected.
   */
  give(taken: Buffer): void {
    const { buffer, length } = taken;
    if (length < LEAST_BYTES || length > MOST_BYTES) return;
    this.#free.push(Buffer.from(buffer));
    // Drops the smallest, because the others can replace it.
    this.#free.sort((a, b) => a.length - b.length);
    if (this.#free.length > this.#most) this.#free.shift();
  }
}
