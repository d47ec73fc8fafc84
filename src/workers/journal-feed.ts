import { setTimeout as delay } from 'node:timers/promises';

/** Delay before a failed write to the journal is retried, ms. */
const RETRY_MS = 2000;

/** Options of a {@link JournalFeed}. */
export interface JournalFeedOptions<T> {
  /** Called before each batch, which waits for it. Must not reject. */
  prepare?: () => Promise<unknown>;
  /**
   * Makes an item durable. Those of a batch are put in the same turn, in order, so that they can share
   * a sync of the journal. @throws TypeError or RangeError for an item that can never be written
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
 * arrives while the journal is written goes into the next write together: the segments of all streams may
 * end at the same time, and each would wait for the syncs of all before it. What is on the disk must become
 * known: if the journal cannot be written (a full disk), the write is retried until it succeeds or the
 * recorder stops.
 */
export class JournalFeed<T> {
  readonly #options: JournalFeedOptions<T>;
  readonly #stop = new AbortController();
  #tail: Promise<void> = Promise.resolve();
  /** Items for the next write. */
  #batch: T[] | undefined;

  constructor(options: JournalFeedOptions<T>) {
    this.#options = options;
  }

  /** Adds an item to the queue. */
  add(item: T): void {
    if (this.#batch === undefined) {
      const batch: T[] = [];
      this.#batch = batch;
      this.#tail = this.#tail.then(() => this.#putAll(batch));
    }
    this.#batch.push(item);
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

  async #putAll(batch: readonly T[]): Promise<void> {
    const { prepare, put } = this.#options;
    const { signal } = this.#stop;
    this.#batch = undefined;
    let items = batch;
    for (let tries = 1; ; tries++) {
      await prepare?.();
      const results = await Promise.allSettled(items.map(put));
      items = items.filter((item, index) => {
        const result = results[index]!;
        return result.status === 'rejected' && this.#mayRetry(item, result.reason, tries === 1);
      });
      if (items.length === 0 || signal.aborted) return;
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Whether a failed write may succeed later; logs the first failure and the last. */
  #mayRetry(item: T, err: unknown, isFirst: boolean): boolean {
    const { name, failure, log } = this.#options;
    if (isFirst || this.#stop.signal.aborted) log.error({ ...name(item), err }, failure);
    // An item that is invalid stays invalid.
    return !(err instanceof TypeError || err instanceof RangeError);
  }
}
