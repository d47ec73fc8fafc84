/**
 * Maximum number of checks with our user fragment from unknown addresses that are verified per
 * tick. A browser sends one every 50 ms for each pair of addresses (RFC 8445 §14.2); each costs an
 * HMAC.
 */
const CHECKS_PER_TICK = 10;
/** More datagrams than this from unknown addresses in one tick are a flood. */
const FLOOD_PER_TICK = 20;

/**
 * Limits the work for datagrams from addresses that have not passed a connectivity check: anybody
 * who knows the port can send them. All except connectivity checks are dropped unread, and only a
 * limited number of checks is verified per tick.
 */
export class StrangerGuard {
  #dropped = 0;
  #checks = 0;
  #inTick = 0;
  #isFlooded = false;

  /** Number of dropped datagrams from unknown addresses. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True if the last tick had enough of them to justify narrowing the sockets. */
  get isFlooded(): boolean {
    return this.#isFlooded;
  }

  /** Counts a dropped datagram. */
  drop(): void {
    this.#dropped++;
    this.#inTick++;
  }

  /** Whether another check from an unknown address may be verified in this tick. */
  mayCheck(): boolean {
    if (this.#checks === CHECKS_PER_TICK) return false;
    this.#checks++;
    return true;
  }

  /** Begins the next tick; call it every 20 ms. */
  tick(): void {
    this.#isFlooded = this.#inTick > FLOOD_PER_TICK;
    this.#inTick = 0;
    this.#checks = 0;
  }
}
