/**
 * A worker that waits to replace one that dies. A thread uses about one second of CPU time to load
 * its modules, during which its streams would not be recorded.
 */
export class SpareWorker<T extends { readonly isAlive: boolean; close(): Promise<void> }> {
  readonly #start: () => T;
  readonly #delayMs: number;
  #link: T | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param start starts a worker
   * @param delayMs delay before the start, so that it does not compete with the other workers at
   * start-up and so that workers that keep dying are not replaced in a tight loop
   */
  constructor(start: () => T, delayMs: number) {
    this.#start = start;
    this.#delayMs = delayMs;
  }

  /** Starts a spare after the delay, unless there is one. */
  prepare(): void {
    if (this.#isClosed || this.#link !== undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#link = this.#start();
    }, this.#delayMs);
    this.#timer.unref();
  }

  /** Takes the spare, if there is one, and prepares the next. */
  take(): T | undefined {
    const link = this.#link?.isAlive ? this.#link : undefined;
    this.#link = undefined;
    this.prepare();
    return link;
  }

  /** Ends the spare. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#link?.close();
  }
}
