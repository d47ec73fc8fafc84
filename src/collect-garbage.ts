import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long after the start of a thread its garbage is collected, ms: nobody waits for the thread any more. */
export const SETTLED_MS = 3000;

/**
 * Collects the garbage of this thread and gives the memory back to the system. That stops the thread for 20 to
 * 100 ms. V8 does it when memory runs short, which in an idle thread is never: half as much again as a thread
 * needs would stay from loading its modules.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: ((options: object) => void) | undefined = runInNewContext('globalThis.gc');
  // Other threads take compiled code from the cache only with the flags with which it was stored.
  setFlagsFromString('--no-expose-gc');
  // Other flavors keep the size of the young generation. Another thread may have taken the flag back meanwhile;
  // then this one keeps its garbage, which is no fault.
  collect?.({ type: 'major', flavor: 'last-resort' });
}
