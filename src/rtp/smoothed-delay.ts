/**
 * Mean and mean deviation of a delay that is measured repeatedly, weighted towards the latest
 * measurements like round trips in RFC 6298 §2. In µs.
 */
export class SmoothedDelay {
  #mean = 0;
  #deviation = 0;
  #known = false;

  /** False before the first measurement. */
  get known(): boolean {
    return this.#known;
  }

  /** Adds a measurement, µs. */
  note(delayUs: number): void {
    if (!this.#known) {
      this.#known = true;
      this.#mean = delayUs;
      this.#deviation = delayUs / 2;
      return;
    }
    this.#deviation += (Math.abs(delayUs - this.#mean) - this.#deviation) / 4;
    this.#mean += (delayUs - this.#mean) / 8;
  }

  /**
   * A bound that few measurements exceed, µs. @param deviations number of mean deviations above the
   * mean
   */
  above(deviations: number): number {
    return this.#mean + deviations * this.#deviation;
  }

  /** Removes all measurements. */
  reset(): void {
    this.#known = false;
    this.#mean = 0;
    this.#deviation = 0;
  }
}
