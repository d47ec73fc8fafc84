interface Entry<T> {
  value: T;
  lastUse: number;
}

/**
 * What we know of each SSRC, bounded: a sender may use as many SSRCs as there are 32-bit numbers, our
 * memory must not follow it. When the table is full, the SSRC that was quiet longest is forgotten.
 */
export class SsrcTable<T> {
  readonly #capacity: number;
  readonly #entries = new Map<number, Entry<T>>();
  #uses = 0;

  /**
   * @param capacity SSRCs to remember, an integer of at least 1
   * @throws RangeError when `capacity` is something else
   */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be an integer of at least 1, got ${capacity}`);
    }
    this.#capacity = capacity;
  }

  /** How many SSRCs are known; never more than the capacity. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is known of `ssrc`; counts as a use of it. */
  get(ssrc: number): T | undefined {
    const entry = this.#entries.get(ssrc);
    if (entry === undefined) return undefined;
    entry.lastUse = ++this.#uses;
    return entry.value;
  }

  /** Remembers `value` for `ssrc`, in place of what was known of it. */
  set(ssrc: number, value: T): void {
    if (this.#entries.size >= this.#capacity && !this.#entries.has(ssrc)) this.#forgetQuietest();
    this.#entries.set(ssrc, { value, lastUse: ++this.#uses });
  }

  /** Forgets `ssrc`. */
  delete(ssrc: number): void {
    this.#entries.delete(ssrc);
  }

  #forgetQuietest(): void {
    let quietest: number | undefined;
    let lastUse = Number.POSITIVE_INFINITY;
    for (const [ssrc, entry] of this.#entries) {
      if (entry.lastUse >= lastUse) continue;
      lastUse = entry.lastUse;
      quietest = ssrc;
    }
    if (quietest !== undefined) this.#entries.delete(quietest);
  }
}
