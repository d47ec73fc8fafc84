import { setTimeout as delay } from 'node:timers/promises';
import type { RecordFacts } from '../record-catalogue/record.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';

/** Where the catalogue cannot be written, the next try is made after this, ms. */
const RETRY_MS = 2000;

/**
 * Brings records into the catalogue in the order in which they changed. Where its journal cannot be
 * written (a full disk), it is tried again until it can, or until the recorder stops.
 */
export class RecordFeed {
  readonly #catalogue: RecordCatalogue;
  readonly #log: { error(fields: object, message: string): void };
  readonly #stop = new AbortController();
  #tail: Promise<void> = Promise.resolve();

  constructor(catalogue: RecordCatalogue, log: { error(fields: object, message: string): void }) {
    this.#catalogue = catalogue;
    this.#log = log;
  }

  /** Takes a record that began, changed or ended. */
  add(record: RecordFacts): void {
    this.#tail = this.#tail.then(() => this.#add(record));
  }

  /** Resolves when all records taken so far are in the catalogue. */
  idle(): Promise<void> {
    return this.#tail;
  }

  /** Tries what waits once more and gives up on what still cannot be written. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#tail;
  }

  async #add(record: RecordFacts): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#catalogue.put(record);
        return;
      } catch (err) {
        const { stream, recordId } = record;
        // What the catalogue refuses as such will not be better at the next try.
        const isHopeless = err instanceof TypeError || err instanceof RangeError;
        if (tries === 1 || this.#stop.signal.aborted) {
          this.#log.error(
            { err, stream, recordId },
            'a record could not be put into the catalogue',
          );
        }
        if (isHopeless || this.#stop.signal.aborted) return;
        await delay(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }
}
