import { buffer } from 'node:stream/consumers';
import { type PutOptions, type Store, StoreError } from './store.ts';

/**
 * Puts objects that never change: under each key one object, for ever.
 *
 * Here the promise is kept that nothing in a bucket is ever overwritten, whatever became of the
 * numbers in names (a spool that was wiped, two recorders that share a bucket): the store is told to
 * refuse where there is an object already (`If-None-Match: *`, RFC 9110 §13.1.2). A refusal is fine
 * where the object is the same: then an answer was lost, or the recorder died before it was taken
 * note of.
 *
 * Where the store passes over that condition, or refuses whatever has it, the promise rests on two
 * things of ours: numbers are claimed before they are written to, and each key is looked up before it
 * is put. Two recorders that share bucket and root against all advice, and take the same number within
 * that moment, could then collide.
 */
export class PutOnce {
  /**
   * Whether the store is known to refuse, see {@link checkStore}. Unless it is, each key is looked
   * up first, which costs a call and still leaves two recorders a moment to collide in.
   */
  isEnforced = false;
  /** Whether the store is known to refuse every call that has the condition: it is left out. */
  isConditionRefused = false;
  /** Told once where that is found out while uploading. */
  onConditionRefused: ((error: StoreError) => void) | undefined;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws StoreError; `exists` where the store has another object of this key */
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
      // Deleted in between: the next attempt will succeed.
      throw new StoreError(`${this.#store.name}: ${key} came and went`, {
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
  return new StoreError(`${key}: the store has another object of this name, which is left alone`, {
    kind: 'exists',
    code: 'ObjectExists',
    mend: 'find out who else writes to this bucket and root',
  });
}
