import { setTimeout as delay } from 'node:timers/promises';
import type { Segment } from '../segment-index/segment.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';

/** Where the index cannot be written, the next try is made after this, ms. */
const RETRY_MS = 2000;

/**
 * Brings segments into the index in the order in which they became durable. A segment that is on
 * the disk must not stay unknown: where the journal cannot be written (a full disk), it is tried
 * again until it can, or until the recorder stops.
 */
export class IndexFeed {
  readonly #index: SegmentIndex;
  readonly #log: { error(fields: object, message: string): void };
  readonly #stop = new AbortController();
  #tail: Promise<void> = Promise.resolve();

  constructor(index: SegmentIndex, log: { error(fields: object, message: string): void }) {
    this.#index = index;
    this.#log = log;
  }

  /** Takes a segment. */
  add(segment: Segment): void {
    this.#tail = this.#tail.then(() => this.#add(segment));
  }

  /** Resolves when all segments taken so far are in the index. */
  idle(): Promise<void> {
    return this.#tail;
  }

  /** Tries what waits once more and gives up on what still cannot be written. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#tail;
  }

  async #add(segment: Segment): Promise<void> {
    // After a crash a folder tells of segments again that the index may have heard of before.
    if (this.#index.has(segment.path)) return;
    for (let tries = 1; ; tries++) {
      try {
        await this.#index.add(segment);
        return;
      } catch (err) {
        if (tries === 1 || this.#stop.signal.aborted) {
          this.#log.error({ err, path: segment.path }, 'a segment could not be put into the index');
        }
        if (this.#stop.signal.aborted) return;
        await delay(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }
}
