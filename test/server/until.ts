import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Waits for something that this process brings about and tells nobody: {@link until}, with the
 * condition itself for its name.
 * @throws Error with the source of the condition when it does not come about in time
 */
export async function untilTrue(condition: () => boolean, timeoutMs = 60_000): Promise<void> {
  await until(String(condition), condition, timeoutMs);
}

/**
 * Waits for something that another process or the passing of media brings about and tells nobody.
 * @param what it is, for the error
 * @throws Error when it does not come about in time
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 60_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await delay(POLL_MS);
  }
}
