import { SmoothedDelay } from './smoothed-delay.ts';

/** Without reordering for this long, the network counts as keeping the order, µs. */
const MEMORY_US = 10_000_000;

/**
 * Minimum time to wait for a missing packet if NACKs are not answered, µs: only reordering can
 * deliver it, so the wait depends on the network.
 */
const MIN_REORDERING_WAIT_US = 250_000;
const MAX_REORDERING_WAIT_US = 1_000_000;

/**
 * Measures how strongly a network reorders packets: how much later overtaken packets arrive than
 * those that overtook them. It tells how long a missing packet may still be in transit.
 */
export class Reordering {
  readonly #lateness = new SmoothedDelay();
  #lastUs = Number.NEGATIVE_INFINITY;

  /**
   * A packet arrived by itself after a later one.
   *
   * @param latenessUs how long it had been known to be missing, µs
   * @param nowUs µs on the steady clock
   */
  note(latenessUs: number, nowUs: number): void {
    if (nowUs - this.#lastUs > MEMORY_US) this.#lateness.reset();
    this.#lateness.note(latenessUs);
    this.#lastUs = nowUs;
  }

  /**
   * Delay within which nearly all packets arrive that are not lost, µs; 0 if there was no
   * reordering lately.
   *
   * @param nowUs µs on the steady clock
   */
  allowanceUs(nowUs: number): number {
    return nowUs - this.#lastUs > MEMORY_US ? 0 : this.#lateness.above(4);
  }

  /**
   * How long to wait for a missing packet that only reordering can deliver, µs.
   *
   * @param nowUs µs on the steady clock
   */
  waitUs(nowUs: number): number {
    const allowanceUs = 1.5 * this.allowanceUs(nowUs);
    return Math.max(MIN_REORDERING_WAIT_US, Math.min(allowanceUs, MAX_REORDERING_WAIT_US));
  }
}
