/** Writes numbers of any width, the most significant bit first. */
export class BitWriter {
  readonly #data: Buffer;
  /** Bits that are not yet a byte, in the lowest `#count` places. */
  #bits = 0;
  #count = 0;
  #at = 0;

  /** @param data what is written to; what it held does not matter */
  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Bytes that are written and whole. */
  get position(): number {
    return this.#at;
  }

  /** Writes the lowest bits of a number, which may be negative. @param width 0 to 24 */
  write(value: number, width: number): void {
    this.#bits = (this.#bits << width) | (value & ((1 << width) - 1));
    this.#count += width;
    while (this.#count >= 8) {
      this.#count -= 8;
      this.#data[this.#at++] = this.#bits >> this.#count;
    }
    this.#bits &= (1 << this.#count) - 1;
  }

  /** Writes so many zeros and a one. */
  writeUnary(zeros: number): void {
    for (; zeros >= 16; zeros -= 16) this.write(0, 16);
    this.write(1, zeros + 1);
  }

  /** Fills the last byte with zeros. */
  align(): void {
    if (this.#count > 0) this.write(0, 8 - this.#count);
  }
}
