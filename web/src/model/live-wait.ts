import { signal } from '@preact/signals';

const INTERVAL_MS = 2000;

/** Where any of some streams has media from an instant on, ms since the Unix epoch; undefined: nowhere. */
export type NextMedia = (streams: string[], fromMs: number) => Promise<number | undefined>;

/** Waits until one of some streams is recorded. */
export class LiveWait {
  readonly isWaiting = signal(false);
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #nextMedia: NextMedia;

  constructor(nextMedia: NextMedia) {
    this.#nextMedia = nextMedia;
  }

  /**
   * Waits until there is media of any of the streams from an instant on.
   * @param fromMs ms since the Unix epoch
   * @param onMedia called once, unless {@link stop} was called before
   */
  start(streams: string[], fromMs: number, onMedia: () => void): void {
    this.stop();
    this.isWaiting.value = true;
    const timer = setInterval(async () => {
      // A recorder that does not answer is asked again.
      const foundMs = await this.#nextMedia(streams, fromMs).catch(() => undefined);
      if (foundMs === undefined || this.#timer !== timer) return;
      this.stop();
      onMedia();
    }, INTERVAL_MS);
    this.#timer = timer;
  }

  /** Waits no longer. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.isWaiting.value = false;
  }
}
