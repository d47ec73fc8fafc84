import { setTimeout as delay } from 'node:timers/promises';

/** Where the journal cannot be written, the next try is made after this, ms. */
const RETRY_MS = 2000;

/** What a {@link JournalFeed} works with. */
export interface JournalFeedOptions<T> {
  /** Makes an item durable. @throws TypeError or RangeError for what it will never take */
  put(item: T): Promise<unknown>;
  /** What names an item in the log. */
  name(item: T): object;
  /** What could not be done, for the log. */
  failure: string;
  log: { error(fields: object, message: string): void };
}

/**
 * Brings segments into the index, or records into the catalogue, in the order in which they came.
 * What is on the disk must not stay unknown: where the journal cannot be written (a full disk), it is
 * tried again until it can, or until the recorder stops.
 */
export class JournalFeed<T> {
  readonly #options: JournalFeedOptions<T>;
  readonly #stop = new AbortController();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: JournalFeedOptions<T>) {
    this.#options = options;
  }

  /** Takes an item. */
  add(item: T): void {
    this.#tail = this.#tail.then(() => this.#put(item));
  }

  /** Resolves when all items taken so far are durable. */
  idle(): Promise<void> {
    return this.#tail;
  }

  /** Tries what waits once more and gives up on what still cannot be written. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#tail;
  }

  async #put(item: T): Promise<void> {
    const { put, name, failure, log } = this.#options;
    const { signal } = this.#stop;
    for (let tries = 1; ; tries++) {
      try {
        await put(item);
        return;
      } catch (err) {
        if (tries === 1 || signal.aborted) log.error({ ...name(item), err }, failure);
        // What is refused as such will not be better at the next try.
        const isHopeless = err instanceof TypeError || err instanceof RangeError;
        if (isHopeless || signal.aborted) return;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
