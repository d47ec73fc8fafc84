/** Ticks this far apart mean that the thread was blocked, or the machine asleep, µs. */
const STALL_US = 1_000_000;
/** Time to read the sockets after that, before media counts as missing, µs. */
const CATCH_UP_US = 500_000;

/** Detects a blocked thread, after which media waits in the sockets and is not missing. */
export class StallWatch {
  #tickedUs = 0;
  #catchUpUntilUs = 0;

  /**
   * True while the thread catches up. Call it at every tick. @param nowUs µs since the Unix epoch
   */
  isCatchingUp(nowUs: number): boolean {
    if (this.#tickedUs > 0 && nowUs - this.#tickedUs > STALL_US) {
      this.#catchUpUntilUs = nowUs + CATCH_UP_US;
    }
    this.#tickedUs = nowUs;
    return nowUs < this.#catchUpUntilUs;
  }
}
