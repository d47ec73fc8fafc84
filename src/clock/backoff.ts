/** Range of the delays of a {@link Backoff}, ms. */
export interface BackoffRange {
  /** Maximum delay after the first failure; it doubles with each further one. */
  firstMs: number;
  /** Upper limit of the delay. */
  longestMs: number;
}

/** Exponential backoff between failing attempts. */
export class Backoff {
  readonly #range: BackoffRange;
  readonly #random: () => number;
  #failures = 0;
  #nextUs = 0;

  /**
   * @param random returns 0 to 1: a delay is between half of its maximum and the maximum, so that
   * many recorders do not retry simultaneously; always 1 if there is no remote side
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
   * @param range overrides the usual one for this failure
   * @returns the delay before the next attempt, ms
   */
  next(range: Partial<BackoffRange> = {}): number {
    const { firstMs, longestMs } = { ...this.#range, ...range };
    const longest = Math.min(firstMs * 2 ** this.#failures, longestMs);
    this.#failures++;
    return longest * (0.5 + this.#random() / 2);
  }

  /** An attempt succeeded: the next failure gets the shortest delay again. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure, for callers that use {@link Backoff.mayTry} instead of waiting.
   * @param nowUs µs since the Unix epoch
   * @returns the delay, ms
   */
  failed(nowUs: number): number {
    const waitMs = this.next();
    this.#nextUs = nowUs + waitMs * 1000;
    return waitMs;
  }

  /** True if the delay after the latest failure is over. @param nowUs µs since the Unix epoch */
  mayTry(nowUs: number): boolean {
    return nowUs >= this.#nextUs;
  }
}

/** For a node or store on the network that does not respond. */
export const NETWORK_BACKOFF: BackoffRange = { firstMs: 500, longestMs: 30_000 };

/** For a disk that cannot be written. */
export const DISK_BACKOFF: BackoffRange = { firstMs: 2000, longestMs: 30_000 };
