import type { Clock } from '../../clock/clock.ts';
import { mediaTypeOf } from '../../layout/media-type.ts';
import { nameOf } from '../../layout/object-path.ts';
import { UploadTimeout } from './upload-failure.ts';

/** What the spool needs of a store. */
export interface SpoolStore {
  /** Stores an object as a whole. @throws StoreError */
  put(key: string, data: Buffer, options: { contentType: string }): Promise<void>;
}

/** Least bytes a second that an upload must come to. */
const SLOWEST = 50_000;

/**
 * Uploads that end in time, whatever the store does. One that outlives its time may still change the
 * object at any moment, and put an old manifest over a newer one: so it is kept in mind until it
 * ends.
 */
export class TimedPut {
  readonly #store: SpoolStore;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onLate: (key: string) => void;
  /** Uploads that outlived their time, by key. */
  readonly #overdue = new Map<string, number>();

  /**
   * @param timeoutMs ms for an upload, besides a second for each 50 kB
   * @param onLate told of the key when an overdue upload has ended, well or not
   */
  constructor(store: SpoolStore, clock: Clock, timeoutMs: number, onLate: (key: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onLate = onLate;
  }

  /** True while an upload of this key may still have an effect after its time. */
  isOverdue(key: string): boolean {
    return this.#overdue.has(key);
  }

  /** Stores a file. @throws UploadTimeout; whatever the store throws */
  async put(key: string, data: Buffer): Promise<void> {
    const ms = this.#timeoutMs + (data.length / SLOWEST) * 1000;
    const stored = this.#store.put(key, data, { contentType: mediaTypeOf(nameOf(key)) });
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timeout = new UploadTimeout(`the store did not answer within ${Math.round(ms)} ms`);
    const cancel = this.#clock.after(ms, () => reject(timeout));
    try {
      await Promise.race([stored, late]);
    } catch (error) {
      if (error === timeout) this.#watch(key, stored);
      throw error;
    } finally {
      cancel();
    }
  }

  #watch(key: string, stored: Promise<void>): void {
    this.#overdue.set(key, (this.#overdue.get(key) ?? 0) + 1);
    const ended = () => {
      const left = this.#overdue.get(key)! - 1;
      if (left === 0) this.#overdue.delete(key);
      else this.#overdue.set(key, left);
      this.#onLate(key);
    };
    // Its failure was reported as a time-out already.
    stored.then(ended, ended);
  }
}
