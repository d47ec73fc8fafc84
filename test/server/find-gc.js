import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The collector of this thread; the recorder takes the flag back that would make it global everywhere. */
export function findGc() {
  for (;;) {
    setFlagsFromString('--expose-gc');
    // Another thread may have taken it back in between.
    const collect = runInNewContext('globalThis.gc');
    if (collect) return collect;
  }
}
