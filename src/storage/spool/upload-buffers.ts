/** Smaller ones are left to the allocator. */
const LEAST_BYTES = 64 << 10;
/** Larger ones are not kept: they are rare. */
const MOST_BYTES = 32 << 20;

/**
 * Memory that files are read into, used again for the next one: a fresh buffer for each would cost
 * more in garbage collection than its upload does.
 */
export class UploadBuffers {
  readonly #most: number;
  /** Free ones, each as large as a power of two. */
  #free: Buffer[] = [];

  /** @param most how many are kept for use again */
  constructor(most: number) {
    this.#most = most;
  }

  /** A buffer of that many bytes with arbitrary content. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const at = this.#free.findIndex((buffer) => buffer.length >= bytes);
    const buffer = at < 0 ? undefined : this.#free.splice(at, 1)[0];
    return (buffer ?? Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)))).subarray(0, bytes);
  }

  /** Takes a buffer back that nobody reads any more. One that is not given back is just garbage. */
  give(taken: Buffer): void {
    const { buffer, length } = taken;
    if (length < LEAST_BYTES || length > MOST_BYTES) return;
    this.#free.push(Buffer.from(buffer));
    // The smallest goes: the others serve its purpose too.
    this.#free.sort((a, b) => a.length - b.length);
    if (this.#free.length > this.#most) this.#free.shift();
  }
}
