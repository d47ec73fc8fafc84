/** After a failure the next try is made after this, doubling up to the longest, µs. */
const FIRST_US = 2_000_000;
const LONGEST_US = 30_000_000;

/** Says when something that failed may be tried again. */
export class RetryDelay {
  #delayUs = FIRST_US;
  #nextUs = 0;

  /** @param nowUs µs since the Unix epoch */
  mayTry(nowUs: number): boolean {
    return nowUs >= this.#nextUs;
  }

  /** @param nowUs µs since the Unix epoch; @returns how long to wait, ms */
  failed(nowUs: number): number {
    const delayUs = this.#delayUs;
    this.#nextUs = nowUs + delayUs;
    this.#delayUs = Math.min(delayUs * 2, LONGEST_US);
    return delayUs / 1000;
  }

  /** The next failure is waited for as briefly as the first. */
  succeeded(): void {
    this.#delayUs = FIRST_US;
  }
}
