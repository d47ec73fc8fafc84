import { buffer } from 'node:stream/consumers';
import { type PutOptions, type Store, StoreError } from './store.ts';

/**
 * Puts objects that never change: each key is written once.
 *
 * This is where the promise is kept that nothing in a bucket is ever overwritten, whatever happened
 * to the numbers in the names (a spool that was wiped, two recorders that share a bucket): the
 * store is asked to refuse the put if an object exists (`If-None-Match: *`, RFC 9110 §13.1.2). A
 * refusal is harmless if the object has the same content: then a response was lost, or the recorder
 * died before it noted the upload.
 *
 * If the store ignores the condition or refuses it, two measures remain: numbers are claimed before
 * they are used, and each key is looked up before the put. Two recorders that share bucket and root
 * against all advice, and use the same number within that moment, could then collide.
 */
export class PutOnce {
  /**
   * Whether the store is known to refuse, see {@link checkStore}. If not, each key is looked up
   * first, which costs a request and leaves a moment in which two recorders can collide.
   */
  isEnforced = false;
  /** Whether the store is known to refuse every request with the condition: then it is omitted. */
  isConditionRefused = false;
  /** Called once if that is discovered during an upload. */
  onConditionRefused: ((error: StoreError) => void) | undefined;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws StoreError; `exists` if the store has a different object with this key */
  async put(key: string, data: Buffer, options: PutOptions): Promise<void> {
    try {
      if (!this.isEnforced && (await this.#store.head(key)) !== undefined) throw taken(key);
      await this.#put(key, data, options);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'exists') throw error;
      if (!(await this.#holds(key, data))) throw taken(`${this.#store.name}/${key}`);
    }
  }

  async #put(key: string, data: Buffer, options: PutOptions): Promise<void> {
    if (!this.isConditionRefused) {
      try {
        await this.#store.put(key, data, { ...options, ifAbsent: true });
        return;
      } catch (error) {
        if (this.isEnforced || !isNotImplemented(error)) throw error;
        this.isConditionRefused = true;
        this.onConditionRefused?.(error);
      }
    }
    await this.#store.put(key, data, options);
  }

  async #holds(key: string, data: Buffer): Promise<boolean> {
    const reading = await this.#store.get(key);
    if (reading === undefined) {
      // Deleted in between, so the next attempt will succeed.
      throw new StoreError(`${this.#store.name}: ${key} was deleted during the upload`, {
        kind: 'transient',
        code: 'Conflict',
      });
    }
    if (reading.size !== data.length) {
      reading.body.destroy();
      return false;
    }
    return data.equals(await buffer(reading.body));
  }
}

function isNotImplemented(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.status === 501 || error.code === 'NotImplemented');
}

function taken(key: string): StoreError {
  return new StoreError(`${key}: the store has a different object with this name, which is kept`, {
    kind: 'exists',
    code: 'ObjectExists',
    mend: 'find out which other program writes to this bucket and root',
  });
}
