/**
 * Checks with our user fragment that are looked at in a tick although their address is unknown. A
 * browser sends one every 50 ms for each pair of addresses (RFC 8445 §14.2); each costs an HMAC.
 */
const CHECKS_PER_TICK = 10;
/** More datagrams of strangers than this in one tick are a flood. */
const FLOOD_PER_TICK = 20;

/**
 * What a session spends on datagrams from addresses that have passed no connectivity check: whoever
 * knows the port can send them. All but connectivity checks are dropped unread, and of those only so
 * many are looked at in one tick.
 */
export class StrangerGuard {
  #dropped = 0;
  #checks = 0;
  #inTick = 0;
  #isFlooded = false;

  /** Datagrams of strangers that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True when there were enough in the last tick to make shutting strangers out worthwhile. */
  get isFlooded(): boolean {
    return this.#isFlooded;
  }

  /** Counts a datagram that was dropped. */
  drop(): void {
    this.#dropped++;
    this.#inTick++;
  }

  /** Whether one more check of a stranger may be looked at in this tick. */
  mayCheck(): boolean {
    if (this.#checks === CHECKS_PER_TICK) return false;
    this.#checks++;
    return true;
  }

  /** Begins another tick; call it every 20 ms. */
  tick(): void {
    this.#isFlooded = this.#inTick > FLOOD_PER_TICK;
    this.#inTick = 0;
    this.#checks = 0;
  }
}
