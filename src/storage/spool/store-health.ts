import { Backoff, type BackoffRange, NETWORK_BACKOFF } from '../../clock/backoff.ts';
import type { Clock } from '../../clock/clock.ts';

/** Longest wait that a store may ask for, ms. */
const LONGEST_ASKED_WAIT_MS = 600_000;
/** While the store refuses everything: only a human can mend that. */
const REFUSED_BACKOFF: BackoffRange = { firstMs: 60_000, longestMs: 60_000 };

/** Handed out with each upload that is begun. */
export interface Attempt {
  readonly isProbe: boolean;
}

/**
 * Whether the store as a whole answers, and so how many uploads may be under way. While it does not,
 * there is one probe at a time, after waits that double: a hundred files waiting make no storm.
 */
export class StoreHealth {
  /** `down`: it fails for now. `refused`: it says no to everything. */
  mode: 'up' | 'down' | 'refused' = 'up';
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #backoff: Backoff;
  readonly #wake: () => void;
  #probing = false;
  #cancelWait: (() => void) | undefined;

  /**
   * @param wake called when a wait is over
   * @param random from 0 to 1, spreads the probes of many recorders
   */
  constructor(clock: Clock, concurrency: number, wake: () => void, random: () => number) {
    this.#clock = clock;
    this.#concurrency = concurrency;
    this.#wake = wake;
    this.#backoff = new Backoff(NETWORK_BACKOFF, random);
  }

  /** True when another upload may begin. @param active how many are under way */
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

  /** Ends an attempt that says nothing about the store. */
  ended({ isProbe }: Attempt): void {
    if (isProbe) this.#probing = false;
  }

  /** The store answered. @returns what it was before, when that was not `up` */
  answered(attempt: Attempt): 'down' | 'refused' | undefined {
    this.ended(attempt);
    // An upload begun before the failure says less than the failure.
    if (this.mode === 'up' || !attempt.isProbe) return undefined;
    const before = this.mode;
    this.mode = 'up';
    this.#backoff.reset();
    return before;
  }

  /**
   * The store as a whole failed.
   * @param retryAfterMs what it asked for, ms
   */
  failed(attempt: Attempt, mode: 'down' | 'refused', retryAfterMs = 0): void {
    this.ended(attempt);
    // One failure is enough: what was under way at the same time tells nothing new.
    if (this.mode !== 'up' && !attempt.isProbe) return;
    this.mode = mode;
    const asked = Math.min(retryAfterMs, LONGEST_ASKED_WAIT_MS);
    const wait = Math.max(asked, this.#backoff.next(mode === 'refused' ? REFUSED_BACKOFF : {}));
    this.#cancelWait?.();
    this.#cancelWait = this.#clock.after(wait, () => this.retryNow());
  }

  /** Ends a wait. */
  retryNow(): void {
    this.close();
    this.#wake();
  }

  /** Ends all timers. */
  close(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }
}
