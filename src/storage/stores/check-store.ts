import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Store, StoreError } from './store.ts';

/**
 * Makes sure that a store can be used, before hours are recorded for it: writes, reads, lists and
 * deletes an object.
 * @returns whether it refuses to replace an object when told to
 * @throws StoreError with the provider's code and what to change
 */
export async function checkStore(store: Store): Promise<{ refusesToReplace: boolean }> {
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
    return { refusesToReplace: await refusesToReplace(store, key) };
  } finally {
    await store.delete(key);
  }
}

async function refusesToReplace(store: Store, key: string): Promise<boolean> {
  try {
    await store.put(key, Buffer.from('x'), { contentType: 'text/plain', ifAbsent: true });
    return false;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    // Servers that do not know the condition may also refuse it as such.
    return error.kind === 'exists';
  }
}
