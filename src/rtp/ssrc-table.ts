interface Entry<T> {
  value: T;
  lastUse: number;
}

/**
 * State per SSRC with bounded memory: a sender may use any number of SSRCs. When the table is full,
 * the SSRC that has not been used for longest is removed.
 */
export class SsrcTable<T> {
  readonly #capacity: number;
  readonly #entries = new Map<number, Entry<T>>();
  #uses = 0;
  /** The SSRC that was used last, and its entry: most packets are from the same as the one before. */
  #lastSsrc = -1;
  #lastEntry: Entry<T> | undefined;

  /**
   * @param capacity maximum number of SSRCs, an integer of at least 1
   * @throws RangeError for any other `capacity`
   */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be an integer of at least 1, got ${capacity}`);
    }
    this.#capacity = capacity;
  }

  /** Number of SSRCs, at most the capacity. */
  get size(): number {
    return this.#entries.size;
  }

  /** The state of `ssrc`; counts as a use of it. */
  get(ssrc: number): T | undefined {
    const entry = ssrc === this.#lastSsrc ? this.#lastEntry : this.#entries.get(ssrc);
    if (entry === undefined) return undefined;
    this.#lastSsrc = ssrc;
    this.#lastEntry = entry;
    entry.lastUse = ++this.#uses;
    return entry.value;
  }

  /** Sets the state of `ssrc`. @returns the state that was forgotten to make room, if any */
  set(ssrc: number, value: T): T | undefined {
    const isFull = this.#entries.size >= this.#capacity && !this.#entries.has(ssrc);
    const forgotten = isFull ? this.#forgetQuietest() : undefined;
    this.#entries.set(ssrc, { value, lastUse: ++this.#uses });
    this.#lastSsrc = -1;
    return forgotten;
  }

  /** Forgets `ssrc`. */
  delete(ssrc: number): void {
    this.#entries.delete(ssrc);
    this.#lastSsrc = -1;
  }

  /** All states, in the order in which they were set. */
  *values(): Generator<T> {
    for (const { value } of this.#entries.values()) yield value;
  }

  #forgetQuietest(): T | undefined {
    let quietest: [number, Entry<T>] | undefined;
    for (const entry of this.#entries) {
      if (quietest === undefined || entry[1].lastUse < quietest[1].lastUse) quietest = entry;
    }
    if (quietest !== undefined) this.#entries.delete(quietest[0]);
    return quietest?.[1].value;
  }
}
