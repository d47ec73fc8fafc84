/**
 * A worker that waits to take the place of one that dies. A thread takes about a second of a core to
 * load its modules, which its streams would be without recording.
 */
export class SpareWorker<T extends { readonly isAlive: boolean; close(): Promise<void> }> {
  readonly #start: () => T;
  readonly #delayMs: number;
  #link: T | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param start starts a worker
   * @param delayMs after this it is started, so that it is in nobody's way while all is starting, and
   * workers that die one after another are not replaced without end
   */
  constructor(start: () => T, delayMs: number) {
    this.#start = start;
    this.#delayMs = delayMs;
  }

  /** Starts one after the delay, unless there is one. */
  prepare(): void {
    if (this.#isClosed || this.#link !== undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#link = this.#start();
    }, this.#delayMs);
    this.#timer.unref();
  }

  /** Gives the spare away, if there is one, and prepares the next. */
  take(): T | undefined {
    const link = this.#link?.isAlive ? this.#link : undefined;
    this.#link = undefined;
    this.prepare();
    return link;
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#link?.close();
  }
}
