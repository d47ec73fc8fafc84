import { setTimeout as delay } from 'node:timers/promises';

const DAY_MS = 86_400_000;

/**
 * Waits until after midnight UTC when that is nearer than `seconds`: a recording across it has two
 * day folders, which a test of something else need not know.
 */
export async function clearOfMidnight(seconds: number): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < seconds * 1000) await delay(left + 100);
}
