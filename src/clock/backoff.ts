/** Between which waits a {@link Backoff} moves, ms. */
export interface BackoffRange {
  /** Longest wait after the first failure; each further one doubles it. */
  firstMs: number;
  /** No wait is longer. */
  longestMs: number;
}

/** How long to wait between attempts that fail: twice as long each time, up to a longest wait. */
export class Backoff {
  readonly #range: BackoffRange;
  readonly #random: () => number;
  #failures = 0;
  #nextUs = 0;

  /**
   * @param random from 0 to 1: a wait is between half of what it can be and all of it, so that many
   * recorders do not come back all at once; always 1 where there is nobody to come back to
   */
  constructor(range: BackoffRange, random: () => number = Math.random) {
    this.#range = range;
    this.#random = random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Counts a failure.
   * @param range holds for this failure alone, in place of the usual one
   * @returns how long to wait before the next attempt, ms
   */
  next(range: Partial<BackoffRange> = {}): number {
    const { firstMs, longestMs } = { ...this.#range, ...range };
    const longest = Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures++;
    return longest * (0.5 + this.#random() / 2);
  }

  /** An attempt succeeded: the next failure is waited for as briefly as the first. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure, for those who ask {@link Backoff.mayTry} instead of waiting.
   * @param nowUs µs since the Unix epoch
   * @returns how long to wait, ms
   */
  failed(nowUs: number): number {
    const waitMs = this.next();
    this.#nextUs = nowUs + waitMs * 1000;
    return waitMs;
  }

  /** True when the wait after the latest failure is over. @param nowUs µs since the Unix epoch */
  mayTry(nowUs: number): boolean {
    return nowUs >= this.#nextUs;
  }
}

/** For a node or store on the network that does not answer. */
export const NETWORK_BACKOFF: BackoffRange = { firstMs: 500, longestMs: 30_000 };

/** For a disk that does not take what is written. */
export const DISK_BACKOFF: BackoffRange = { firstMs: 2000, longestMs: 30_000 };
