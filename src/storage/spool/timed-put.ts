import type { Clock } from '../../clock/clock.ts';
import { mediaTypeOf } from '../../layout/media-type.ts';
import { nameOf } from '../../layout/object-path.ts';
import { UploadTimeout } from './upload-failure.ts';

/** The part of a store that the spool uses. */
export interface SpoolStore {
  /** Stores an object as a whole. @throws StoreError */
  put(key: string, data: Buffer, options: { contentType: string }): Promise<void>;
}

/** Minimum rate of an upload, bytes/s. */
const SLOWEST = 50_000;

/**
 * Limits the time of uploads, whatever the store does. An upload that continues after its timeout
 * can still change the object and replace a newer manifest by an older one, so it is remembered
 * until it ends.
 */
export class TimedPut {
  readonly #store: SpoolStore;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onLate: (key: string) => void;
  /** Number of uploads that continue after their timeout, by key. */
  readonly #overdue = new Map<string, number>();

  /**
   * @param timeoutMs timeout of an upload, in addition to one second per 50 kB, ms
   * @param onLate called with the key when such an upload has ended, successfully or not
   */
  constructor(store: SpoolStore, clock: Clock, timeoutMs: number, onLate: (key: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onLate = onLate;
  }

  /** True while an upload of this key may still take effect after its timeout. */
  isOverdue(key: string): boolean {
    return this.#overdue.has(key);
  }

  /** Uploads a file. @throws UploadTimeout; whatever the store throws */
  async put(key: string, data: Buffer): Promise<void> {
    const ms = this.#timeoutMs + (data.length / SLOWEST) * 1000;
    const stored = this.#store.put(key, data, { contentType: mediaTypeOf(nameOf(key)) });
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timeout = new UploadTimeout(`the store did not respond within ${Math.round(ms)} ms`);
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
    // The failure was already reported as a timeout.
    stored.then(ended, ended);
  }
}
