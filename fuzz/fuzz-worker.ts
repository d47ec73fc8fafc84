import { parentPort, workerData } from 'node:worker_threads';
import { Fuzzer, type FuzzOptions } from './fuzzer.ts';
import type { Watched } from './watchdog.ts';

const { options, watched } = workerData as { options: FuzzOptions; watched: Watched };
const bytes = Buffer.from(watched.bytes);
const result = await Fuzzer.run(options, {
  onInput(input) {
    // The thread above reads it only when nothing has changed for long.
    input.copy(bytes);
    Atomics.store(watched.state, 1, input.length);
    Atomics.add(watched.state, 0, 1);
  },
  onFinding(finding) {
    parentPort!.postMessage({ finding });
  },
});
parentPort!.postMessage({ result });
