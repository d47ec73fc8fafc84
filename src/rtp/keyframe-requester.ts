/** Time until a keyframe that did not come is asked for again, by the number of requests so far. */
const RETRY_DELAYS_US = [200_000, 500_000, 1_000_000, 2_000_000];

/** A new need within this time of a request waits: the encoder may be answering that one. */
const MIN_INTERVAL_US = 500_000;

/**
 * Decides when a keyframe is asked for (Picture Loss Indication, RFC 4585 §6.3.1): at once when one
 * is needed, again with growing delay until it arrives.
 */
export class KeyframeRequester {
  readonly #send: () => void;
  #wanted = false;
  #dueUs = 0;
  #lastSentUs = Number.NEGATIVE_INFINITY;
  #requests = 0;

  /** @param send sends one request */
  constructor(send: () => void) {
    this.#send = send;
  }

  /**
   * Notes at `nowUs` (µs on the steady clock) that a keyframe is needed. The request goes out with
   * the next {@link poll}, so that a keyframe that is already here can make it needless.
   */
  request(nowUs: number): void {
    const earliestUs = Math.max(nowUs, this.#lastSentUs + MIN_INTERVAL_US);
    if (this.#wanted) {
      // What was lost now may have been the keyframe that is waited for.
      this.#dueUs = Math.min(this.#dueUs, earliestUs);
      return;
    }
    this.#wanted = true;
    this.#requests = 0;
    this.#dueUs = earliestUs;
  }

  /** Notes that a whole keyframe arrived: nothing is asked for until the next {@link request}. */
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

  /** Forgets all that was asked for: another stream begins, and may be asked at once. */
  reset(): void {
    this.#wanted = false;
    this.#lastSentUs = Number.NEGATIVE_INFINITY;
  }
}
