import { Backoff, type BackoffRange, NETWORK_BACKOFF } from '../../clock/backoff.ts';
import type { Clock } from '../../clock/clock.ts';

/** Maximum delay that a store may request, ms. */
const LONGEST_ASKED_WAIT_MS = 600_000;
/** For a store that refuses everything, which only an operator can solve. */
const REFUSED_BACKOFF: BackoffRange = { firstMs: 60_000, longestMs: 60_000 };

/** Returned for each upload that begins. */
export interface Attempt {
  readonly isProbe: boolean;
}

/**
 * Tracks whether the store is available, which limits the number of uploads. While it is not, there
 * is one probe at a time with exponential backoff, however many files wait.
 */
export class StoreHealth {
  /** `down`: temporarily unavailable. `refused`: refuses everything. */
  mode: 'up' | 'down' | 'refused' = 'up';
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #backoff: Backoff;
  readonly #wake: () => void;
  #probing = false;
  #cancelWait: (() => void) | undefined;

  /**
   * @param wake called when a delay is over
   * @param random returns 0 to 1, to spread the probes of several recorders
   */
  constructor(clock: Clock, concurrency: number, wake: () => void, random: () => number) {
    this.#clock = clock;
    this.#concurrency = concurrency;
    this.#wake = wake;
    this.#backoff = new Backoff(NETWORK_BACKOFF, random);
  }

  /** True if another upload may begin. @param active number of uploads in progress */
  mayStart(active: number): boolean {
    if (this.mode === 'up') return active < this.#concurrency;
    return !this.#probing && this.#cancelWait === undefined;
  }

  /** Begins an upload. */
  start(): Attempt {
    const isProbe = this.mode !== 'up';
    if (isProbe) this.#probing = true;
    return { isProbe };
  }

  /** Ends an attempt whose result says nothing about the store. */
  ended({ isProbe }: Attempt): void {
    if (isProbe) this.#probing = false;
  }

  /** The store answered. @returns its previous mode if that was not `up` */
  answered(attempt: Attempt): 'down' | 'refused' | undefined {
    this.ended(attempt);
    // An upload that began before the failure says less than the failure.
    if (this.mode === 'up' || !attempt.isProbe) return undefined;
    const before = this.mode;
    this.mode = 'up';
    this.#backoff.reset();
    return before;
  }

  /**
   * The store as a whole failed.
   * @param retryAfterMs delay that it requested, ms
   */
  failed(attempt: Attempt, mode: 'down' | 'refused', retryAfterMs = 0): void {
    this.ended(attempt);
    // One failure is enough: concurrent uploads add no information.
    if (this.mode !== 'up' && !attempt.isProbe) return;
    this.mode = mode;
    const asked = Math.min(retryAfterMs, LONGEST_ASKED_WAIT_MS);
    const wait = Math.max(asked, this.#backoff.next(mode === 'refused' ? REFUSED_BACKOFF : {}));
    this.#cancelWait?.();
    this.#cancelWait = this.#clock.after(wait, () => this.retryNow());
  }

  /** Ends a delay. */
  retryNow(): void {
    this.close();
    this.#wake();
  }

  /** Cancels all timers. */
  close(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }
}
