/**
 * The minimum of recent values: of the current window and the whole previous one, so over one to
 * two windows.
 */
export class LeastDelay {
  readonly #windowUs: number;
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #windowStartUs = Number.NEGATIVE_INFINITY;

  /** @param windowUs length of a window, µs */
  constructor(windowUs: number) {
    this.#windowUs = windowUs;
  }

  /** The minimum; infinite without values. */
  get value(): number {
    return Math.min(this.#least, this.#leastBefore);
  }

  /** Adds a value. @param atUs when it was measured, µs */
  note(value: number, atUs: number): void {
    const age = atUs - this.#windowStartUs;
    if (age > this.#windowUs) {
      this.#leastBefore = age > 2 * this.#windowUs ? Number.POSITIVE_INFINITY : this.#least;
      this.#least = value;
      this.#windowStartUs = atUs;
    } else if (value < this.#least) this.#least = value;
  }

  /** Removes all values. */
  reset(): void {
    this.#least = Number.POSITIVE_INFINITY;
    this.#leastBefore = Number.POSITIVE_INFINITY;
    this.#windowStartUs = Number.NEGATIVE_INFINITY;
  }
}
