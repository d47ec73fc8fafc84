import type { Store } from './store.ts';

/** Requests at a time. */
const AT_ONCE = 8;

/**
 * Deletes objects one by one, for stores that cannot delete many at a time.
 * @returns why some are left; undefined if all are gone
 */
export async function deleteEach(
  store: Pick<Store, 'delete'>,
  keys: readonly string[],
): Promise<Error | undefined> {
  const left = [...keys];
  let failure: Error | undefined;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      // After a failure, the others would only fail too.
      while (failure === undefined) {
        const key = left.pop();
        if (key === undefined) return;
        await store.delete(key).catch((error: Error) => {
          failure = error;
        });
      }
    }),
  );
  return failure;
}
