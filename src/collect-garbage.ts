import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects the garbage of this thread and gives the memory back to the system. That stops the thread for 20 to
 * 100 ms. V8 does it when memory runs short, which in an idle thread is never: half as much again as a thread
 * needs would stay from loading its modules.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: (options: object) => void = runInNewContext('gc');
  // Other threads take compiled code from the cache only with the flags with which it was stored.
  setFlagsFromString('--no-expose-gc');
  // Other flavors keep the size of the young generation.
  collect({ type: 'major', flavor: 'last-resort' });
}
