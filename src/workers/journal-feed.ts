import { setTimeout as delay } from 'node:timers/promises';

/** Delay before a failed write to the journal is retried, ms. */
const RETRY_MS = 2000;

/** Options of a {@link JournalFeed}. */
export interface JournalFeedOptions<T> {
  /**
   * Makes an item durable. @throws TypeError or RangeError for an item that can never be written
   */
  put(item: T): Promise<unknown>;
  /** Identifies an item in the log. */
  name(item: T): object;
  /** Log message for a failed write. */
  failure: string;
  log: { error(fields: object, message: string): void };
}

/**
 * Adds segments to the index, or records to the catalogue, in the order in which they arrive. What
 * is on the disk must become known: if the journal cannot be written (a full disk), the write is
 * retried until it succeeds or the recorder stops.
 */
export class JournalFeed<T> {
  readonly #options: JournalFeedOptions<T>;
  readonly #stop = new AbortController();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: JournalFeedOptions<T>) {
    this.#options = options;
  }

  /** Adds an item to the queue. */
  add(item: T): void {
    this.#tail = this.#tail.then(() => this.#put(item));
  }

  /** Resolves when all items added so far are durable. */
  idle(): Promise<void> {
    return this.#tail;
  }

  /** Tries once more what could not be written, then gives up. */
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
        // An item that is invalid stays invalid.
        const isHopeless = err instanceof TypeError || err instanceof RangeError;
        if (isHopeless || signal.aborted) return;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
