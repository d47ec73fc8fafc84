import { setTimeout as delay } from 'node:timers/promises';

const DAY_MS = 86_400_000;

/**
 * Waits until after midnight UTC when that is nearer than `seconds`: a recording across it has two
 * day folders, and "yesterday" is another day after it, which a test of something else need not know.
 * @param wait told of a wait before it begins, with its length in ms
 */
export async function clearOfMidnight(
  seconds: number,
  wait: (ms: number) => unknown = () => {},
): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left >= seconds * 1000) return;
  await wait(left);
  await delay(left + 100);
}
