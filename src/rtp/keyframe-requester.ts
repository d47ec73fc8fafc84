/** Delays before a keyframe request is repeated, by the number of requests so far. */
const RETRY_DELAYS_US = [200_000, 500_000, 1_000_000, 2_000_000];

/** A new need within this time after a request waits, because the encoder may still respond. */
const MIN_INTERVAL_US = 500_000;

/**
 * Decides when to request a keyframe (Picture Loss Indication, RFC 4585 §6.3.1): at once when one
 * is needed, and repeatedly with growing delays until it arrives.
 */
export class KeyframeRequester {
  readonly #send: () => void;
  #wanted = false;
  #dueUs = 0;
  #lastSentUs = Number.NEGATIVE_INFINITY;
  #requests = 0;

  /** @param send sends a request */
  constructor(send: () => void) {
    this.#send = send;
  }

  /**
   * A keyframe is needed at `nowUs` (µs on the steady clock). The request is sent by the next
   * {@link poll}, unless a keyframe that has already arrived makes it unnecessary.
   */
  request(nowUs: number): void {
    const earliestUs = Math.max(nowUs, this.#lastSentUs + MIN_INTERVAL_US);
    if (this.#wanted) {
      // The keyframe that is awaited may have been lost just now.
      this.#dueUs = Math.min(this.#dueUs, earliestUs);
      return;
    }
    this.#wanted = true;
    this.#requests = 0;
    this.#dueUs = earliestUs;
  }

  /** A complete keyframe arrived: nothing is requested until the next {@link request}. */
  keyframeReceived(): void {
    this.#wanted = false;
  }

  /** Sends the request that is due at `nowUs` (µs on the steady clock), if any. */
  poll(nowUs: number): void {
    if (!this.#wanted || nowUs < this.#dueUs) return;
    this.#lastSentUs = nowUs;
    this.#dueUs = nowUs + RETRY_DELAYS_US[Math.min(this.#requests, RETRY_DELAYS_US.length - 1)]!;
    this.#requests++;
    this.#send();
  }

  /** Forgets all requests: a new stream begins, whose sender can be asked at once. */
  reset(): void {
    this.#wanted = false;
    this.#lastSentUs = Number.NEGATIVE_INFINITY;
  }
}
