import { isIPv6 } from 'node:net';
import { type Clock, systemClock } from '../clock/clock.ts';

/** Failures of an address are counted and logged over periods of this length, ms. */
const PERIOD_MS = 60_000;
/** The failure within {@link PERIOD_MS} from which on they are answered late. */
const SLOW_FROM = 10;
/** How much later, ms. */
const DELAY_MS = 1000;
/** Most addresses that are told apart; further ones are counted as one. */
const MOST_ADDRESSES = 1000;
/** Most late answers under way: beyond these it costs us more than the one who guesses. */
const MOST_DELAYED = 1000;

/** What {@link FailedLogins} works with. */
export interface FailedLoginsOptions {
  log: { warn(fields: object, message: string): void };
  clock?: Clock;
}

/**
 * Counts requests with a token that is not valid, tells the log of them, and answers them late once
 * they are many. Only they are: who has a valid token is answered at once, also from the same address.
 */
export class FailedLogins {
  readonly #log: FailedLoginsOptions['log'];
  readonly #clock: Clock;
  /** Failures since the last line of the log, by address. */
  readonly #counts = new Map<string, number>();
  /** Those that were answered late in the minute before, and are from the first. */
  #slow: ReadonlySet<string> = new Set();
  readonly #delayed = new Set<() => void>();
  #cancelReport: (() => void) | undefined;
  #isClosed = false;

  constructor({ log, clock = systemClock }: FailedLoginsOptions) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Counts a failure; resolves when it may be answered.
   * @param ip address of the one who failed
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

  /** Lets all answers go, and tells what was not told. */
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

/** An IPv6 subscriber has a network of 64 bits (RFC 6177) and may call from any address of it. */
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
