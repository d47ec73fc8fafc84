import { SmoothedDelay } from './smoothed-delay.ts';

/** A network that has kept the order for this long counts as one that keeps it, µs. */
const MEMORY_US = 10_000_000;

/**
 * How long a missing packet is waited for where NACKs are not answered, in µs: only reordering can
 * bring it, and the wait is as long as the network needs for that.
 */
const MIN_REORDERING_WAIT_US = 250_000;
const MAX_REORDERING_WAIT_US = 1_000_000;

/**
 * How much a network mixes up the order of packets: by how much those that were overtaken come later
 * than the ones that overtook them. It tells how long a missing packet may still be under way.
 */
export class Reordering {
  readonly #lateness = new SmoothedDelay();
  #lastUs = Number.NEGATIVE_INFINITY;

  /**
   * Notes a packet that came by itself after a later one had.
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
   * How late all but very few of the packets come that are not lost, µs; 0 where all have come in
   * order lately.
   *
   * @param nowUs µs on the steady clock
   */
  allowanceUs(nowUs: number): number {
    return nowUs - this.#lastUs > MEMORY_US ? 0 : this.#lateness.above(4);
  }

  /**
   * How long a missing packet is waited for that only reordering can bring, µs.
   *
   * @param nowUs µs on the steady clock
   */
  waitUs(nowUs: number): number {
    const allowanceUs = 1.5 * this.allowanceUs(nowUs);
    return Math.max(MIN_REORDERING_WAIT_US, Math.min(allowanceUs, MAX_REORDERING_WAIT_US));
  }
}
