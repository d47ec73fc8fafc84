/**
 * Remembers the last packets, so that none is accepted twice (RFC 3711 §3.3.2). The window moves
 * with the highest index; older packets count as seen.
 */
export class ReplayWindow {
  readonly #size: number;
  readonly #mask: number;
  readonly #bits: Uint32Array;
  #highest = -1;

  /**
   * @param size number of packets, a power of 2 of at least 64 (the minimum in RFC 3711)
   * @throws RangeError for any other `size`
   */
  constructor(size: number) {
    if (size < 64 || (size & (size - 1)) !== 0) {
      throw new RangeError(`size must be a power of two of at least 64, got ${size}`);
    }
    this.#size = size;
    this.#mask = size - 1;
    this.#bits = new Uint32Array(size / 32);
  }

  /** The highest index marked; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** True if `index` (an integer from 0 to 2^53) is neither marked nor older than the window. */
  isNew(index: number): boolean {
    if (index > this.#highest) return true;
    if (index <= this.#highest - this.#size) return false;
    return (this.#bits[(index & this.#mask) >>> 5]! & (1 << (index & 31))) === 0;
  }

  /**
   * Marks `index` as seen. Call it only after the packet was authenticated: a forged index would
   * move the window past all genuine packets.
   */
  mark(index: number): void {
    if (index > this.#highest) this.#slideTo(index);
    else if (index <= this.#highest - this.#size) return;
    this.#bits[(index & this.#mask) >>> 5]! |= 1 << (index & 31);
  }

  #slideTo(index: number): void {
    if (index - this.#highest >= this.#size) {
      this.#bits.fill(0);
    } else {
      for (let passed = this.#highest + 1; passed < index; passed++) {
        this.#bits[(passed & this.#mask) >>> 5]! &= ~(1 << (passed & 31));
      }
      this.#bits[(index & this.#mask) >>> 5]! &= ~(1 << (index & 31));
    }
    this.#highest = index;
  }
}
