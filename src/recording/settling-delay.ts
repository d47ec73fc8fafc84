/** A smaller change is jitter, µs. */
const LEAST_CHANGE_US = 50_000;
/** So is a smaller share of the delay. */
const LEAST_SHARE = 0.05;

/**
 * Tells for how long a delay has been the same. That of a sender, or of a network, that is held up and catches
 * up changes all the time, so that it says nothing about later packets; timestamps that stood still for a pause
 * stay as late as they are.
 */
export class SettlingDelay {
  #fromUs = 0;
  #steadySinceUs: number | undefined;

  /**
   * Takes the present delay.
   * @param delayUs µs; only differences from other values count
   * @param lateUs how much of it is more than usual, µs
   * @param nowUs µs since the Unix epoch
   */
  note(delayUs: number, lateUs: number, nowUs: number): void {
    const changeUs = Math.abs(delayUs - this.#fromUs);
    const isSteady = changeUs < Math.max(LEAST_CHANGE_US, lateUs * LEAST_SHARE);
    if (this.#steadySinceUs !== undefined && isSteady) return;
    this.#steadySinceUs = nowUs;
    this.#fromUs = delayUs;
  }

  /** For how long it has been the same, µs; 0 before the first value. @param nowUs µs since the Unix epoch */
  steadyUs(nowUs: number): number {
    return nowUs - (this.#steadySinceUs ?? nowUs);
  }

  /** Forgets all values. */
  reset(): void {
    this.#steadySinceUs = undefined;
  }
}
