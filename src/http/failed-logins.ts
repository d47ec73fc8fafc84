import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../clock/clock.ts';

/** Failures are counted and logged per address in intervals of this length, ms. */
const PERIOD_MS = 60_000;
/** From this failure within {@link PERIOD_MS} on, replies are delayed. */
const SLOW_FROM = 10;
/** Delay of such a reply, ms. */
const DELAY_MS = 1000;
/** Maximum number of addresses that are counted separately; all others are counted as one. */
const MOST_ADDRESSES = 1000;
/**
 * Maximum number of delayed replies; beyond it, delays cost the recorder more than the attacker.
 */
const MOST_DELAYED = 1000;

/** Options of {@link FailedLogins}. */
export interface FailedLoginsOptions {
  log: { warn(fields: object, message: string): void };
  clock?: Clock;
}

/**
 * Counts and logs requests with an invalid token, and delays the replies once there are many.
 * Requests with a valid token are never delayed, even from the same address.
 */
export class FailedLogins {
  readonly #log: FailedLoginsOptions['log'];
  readonly #clock: Clock;
  /** Failures since the last log line, by address. */
  readonly #counts = new Map<string, number>();
  /**
   * Addresses that were delayed in the previous interval; they are delayed from their first failure
   * on.
   */
  #slow: ReadonlySet<string> = new Set();
  readonly #delayed = new Set<() => void>();
  #cancelReport: (() => void) | undefined;
  #isClosed = false;

  constructor({ log, clock = systemClock }: FailedLoginsOptions) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Counts a failure; resolves when the reply may be sent.
   * @param ip address of the caller
   */
  async failed(ip: string): Promise<void> {
    const address = this.#known(subscriberOf(ip));
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    this.#cancelReport ??= this.#clock.after(PERIOD_MS, () => this.#report());
    const isSlow = count >= SLOW_FROM || this.#slow.has(address);
    if (!isSlow || this.#isClosed || this.#delayed.size >= MOST_DELAYED) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        this.#delayed.delete(go);
        cancel();
        resolve();
      };
      const cancel = this.#clock.after(DELAY_MS, go);
      this.#delayed.add(go);
    });
  }

  /** Releases all delayed replies, and logs the failures that have not been logged. */
  close(): void {
    this.#isClosed = true;
    for (const go of [...this.#delayed]) go();
    this.#cancelReport?.();
    this.#report();
  }

  #known(address: string): string {
    const isKnown = this.#counts.has(address) || this.#counts.size < MOST_ADDRESSES;
    return isKnown ? address : 'others';
  }

  #report(): void {
    this.#cancelReport = undefined;
    for (const [address, failures] of this.#counts) {
      this.#log.warn({ address, failures }, 'requests with a token that is not valid');
    }
    const many = [...this.#counts].filter(([, failures]) => failures >= SLOW_FROM);
    this.#slow = new Set(many.map(([address]) => address));
    this.#counts.clear();
    if (this.#slow.size === 0 || this.#isClosed) return;
    this.#cancelReport = this.#clock.after(PERIOD_MS, () => this.#report());
  }
}

/** An IPv6 subscriber has a network of 64 bits (RFC 6177) and can use any address in it. */
function subscriberOf(ip: string): string {
  if (!isIPv6(ip) || ip.includes('.')) return ip;
  const [head = '', tail] = ip.split('::');
  const parts = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (parts.length < 8 - after.length) parts.push('0');
  }
  return `${parts.slice(0, 4).join(':')}::/64`;
}
