const INTERVAL_MS = 10;
/** Shorter than what a recorder waits for packets that are late. */
const NOTICED_MS = 200;

/**
 * Measures for how long this process was held up: a publisher and a network that live in it do
 * nothing meanwhile, and what they send after it is late by their own fault.
 */
export class StallWatch {
  /** All that was longer than 200 ms together, ms. */
  stalledMs = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - last > NOTICED_MS) this.stalledMs += now - last;
      last = now;
    }, INTERVAL_MS);
  }

  /** Ends the measuring. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
