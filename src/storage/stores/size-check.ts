import { type Store, StoreError } from './store.ts';

/**
 * Checks that a store holds all bytes of an object that was put.
 * @param size number of bytes that were put
 * @throws StoreError `integrity` if it holds a different number of bytes, or none
 */
export async function compareSize(store: Store, key: string, size: number): Promise<void> {
  const stored = await store.head(key);
  if (stored?.size === size) return;
  const text = `${store.name}: put ${key}: the server holds ${stored?.size ?? 'no'} of ${size} bytes`;
  throw new StoreError(text, { kind: 'integrity', code: 'SizeMismatch' });
}

/**
 * True if an error means that the object does not exist. A range beyond its end does not mean that.
 */
export function isAbsent(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'not-found' && error.status === 404;
}
