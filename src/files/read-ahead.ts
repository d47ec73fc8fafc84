import type { ByteSource } from './byte-source.ts';

/** Reads of this size cost no more than smaller ones and often include the next request, bytes. */
const READ_AHEAD_BYTES = 4096;

/** Reads parts of a file from its beginning to its end, with some read-ahead. */
export class ReadAhead {
  readonly #source: ByteSource;
  #buffer = Buffer.allocUnsafe(READ_AHEAD_BYTES);
  /** Offset of the buffer in the file, and the number of valid bytes in it. */
  #start = 0;
  #filled = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The bytes from an offset on, valid until the next call: at least as many as requested, or all
   * there are.
   * @throws what the source throws
   */
  async from(offset: number, length: number): Promise<Buffer> {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#filled) return this.#buffer.subarray(at, this.#filled);
    if (length > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(length);
    this.#start = offset;
    this.#filled = 0;
    // A single `read` may return less.
    while (this.#filled < this.#buffer.length) {
      const wanted = this.#buffer.length - this.#filled;
      const place = offset + this.#filled;
      const { bytesRead } = await this.#source.read(this.#buffer, this.#filled, wanted, place);
      if (bytesRead === 0) break;
      this.#filled += bytesRead;
    }
    return this.#buffer.subarray(0, this.#filled);
  }
}
