/**
 * A delay that is measured again and again: its mean and mean deviation, both weighted towards the
 * latest measurements as RFC 6298 §2 does it for round trips. In µs.
 */
export class SmoothedDelay {
  #mean = 0;
  #deviation = 0;
  #known = false;

  /** False before the first measurement. */
  get known(): boolean {
    return this.#known;
  }

  /** Takes one measurement, µs. */
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

  /** What few measurements exceed, µs. @param deviations mean deviations above the mean */
  above(deviations: number): number {
    return this.#mean + deviations * this.#deviation;
  }

  /** Forgets all measurements. */
  reset(): void {
    this.#known = false;
    this.#mean = 0;
    this.#deviation = 0;
  }
}
