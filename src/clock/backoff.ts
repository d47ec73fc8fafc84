const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** How long to wait between attempts that fail: twice as long each time, up to half a minute. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random from 0 to 1, so that many recorders do not come back all at once */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** ms to wait before the next attempt: 250 to 500 after the first failure, at most 30,000. */
  next(): number {
    const longest = Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures++;
    return longest * (0.5 + this.#random() / 2);
  }

  /** An attempt succeeded. */
  reset(): void {
    this.#failures = 0;
  }
}
