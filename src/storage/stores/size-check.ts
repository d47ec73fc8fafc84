import { type Store, StoreError } from './store.ts';

/**
 * Makes sure that a store holds all of an object that was put there.
 * @param size bytes that were put
 * @throws StoreError `integrity` when it holds another number of bytes, or nothing
 */
export async function compareSize(store: Store, key: string, size: number): Promise<void> {
  const stored = await store.head(key);
  if (stored?.size === size) return;
  const text = `${store.name}: put ${key}: the server holds ${stored?.size ?? 'no'} of ${size} bytes`;
  throw new StoreError(text, { kind: 'integrity', code: 'SizeMismatch' });
}

/** True when an error says that there is no such object. A range past its end is no absent object. */
export function isAbsent(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'not-found' && error.status === 404;
}
