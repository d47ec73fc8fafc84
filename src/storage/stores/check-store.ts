import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Store, StoreError } from './store.ts';

/**
 * How a store handles a put that must not replace an object: it refuses to replace, it ignores the
 * condition, or it refuses every request with the condition, for the given reason.
 */
export type ConditionalPut =
  | { refusesToReplace: true }
  | { refusesToReplace: false; conditionRefused?: string };

/**
 * Checks that a store can be used before anything is recorded for it: writes, reads, lists and
 * deletes an object.
 * @returns how it handles the condition not to replace an object
 * @throws StoreError with the provider's code and what to change
 */
export async function checkStore(store: Store): Promise<ConditionalPut> {
  const key = `live777-recorder-check-${randomUUID()}`;
  const data = Buffer.from(key);
  const contentType = 'text/plain';
  await store.put(key, data, { contentType });
  try {
    const reading = await store.get(key);
    if (reading === undefined || !data.equals(await buffer(reading.body))) {
      throw new StoreError(`${store.name}: an object cannot be read back after it was written`, {
        kind: 'misconfigured',
        code: 'NotReadBack',
        mend: 'check bucket and endpoint',
      });
    }
    for await (const _ of store.list(key)) break;
    return await tryToReplace(store, key);
  } finally {
    await store.delete(key);
  }
}

async function tryToReplace(store: Store, key: string): Promise<ConditionalPut> {
  try {
    await store.put(key, Buffer.from('x'), { contentType: 'text/plain', ifAbsent: true });
    return { refusesToReplace: false };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.kind === 'exists') return { refusesToReplace: true };
    // The same request without the condition has just succeeded, so the condition is the cause.
    if (error.kind !== 'transient')
      return { refusesToReplace: false, conditionRefused: error.code };
    return { refusesToReplace: false };
  }
}
