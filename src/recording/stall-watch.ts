/** When ticks are this far apart the thread was held up, or the machine asleep, µs. */
const STALL_US = 1_000_000;
/** Then what waits in the sockets has this long to be read, before it counts as missing, µs. */
const CATCH_UP_US = 500_000;

/** Tells after a stall of the thread that media waits in the sockets: it is not missing. */
export class StallWatch {
  #tickedUs = 0;
  #catchUpUntilUs = 0;

  /** True while the thread catches up. Call at every tick. @param nowUs µs since the Unix epoch */
  isCatchingUp(nowUs: number): boolean {
    if (this.#tickedUs > 0 && nowUs - this.#tickedUs > STALL_US) {
      this.#catchUpUntilUs = nowUs + CATCH_UP_US;
    }
    this.#tickedUs = nowUs;
    return nowUs < this.#catchUpUntilUs;
  }
}
