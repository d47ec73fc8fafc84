const VALUE_BYTES = 4;
/** Values of a block: 64 KiB. */
const BLOCK_VALUES = 16_384;

/** Unsigned integers of 32 bits as boxes hold them, big-endian, in blocks: growing copies nothing. */
export class Uint32Column {
  readonly #blocks: Buffer[] = [];
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  get byteLength(): number {
    return this.#length * VALUE_BYTES;
  }

  push(value: number): void {
    const at = this.#length % BLOCK_VALUES;
    if (at === 0) this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK_VALUES * VALUE_BYTES));
    this.#blocks.at(-1)!.writeUInt32BE(value, at * VALUE_BYTES);
    this.#length++;
  }

  /** The bytes, not copied. */
  buffers(): Buffer[] {
    const used = (this.#length % BLOCK_VALUES) * VALUE_BYTES;
    return this.#blocks.map((block, i) =>
      i === this.#blocks.length - 1 && used > 0 ? block.subarray(0, used) : block,
    );
  }
}
