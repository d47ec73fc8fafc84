// Preloaded into every thread of a recorder: whenever the process gets SIGUSR2, each thread
// collects its garbage and says on stdout what it holds. If there is the folder HEAP_SNAPSHOTS, it writes its heap
// there.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import { isMainThread, threadId } from 'node:worker_threads';
import { findGc } from './find-gc.js';

const collect = findGc();
const channel = new BroadcastChannel('thread-probe');

async function tell(round) {
  // What a finalizer releases is garbage of the next collection only.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const folder = process.env.HEAP_SNAPSHOTS;
  const snapshot =
    folder && existsSync(folder)
      ? writeHeapSnapshot(path.join(folder, `${round}-${threadId}.heapsnapshot`))
      : undefined;
  const figures = { round, threadId, heapUsed, external, arrayBuffers, resources, snapshot };
  process.stdout.write(`thread ${JSON.stringify(figures)}\n`);
}

channel.onmessage = ({ data }) => tell(data);
channel.unref();
process.stdout.write(`probed thread ${threadId}\n`);
if (isMainThread) {
  let round = 0;
  process.on('SIGUSR2', () => {
    round++;
    channel.postMessage(round);
    tell(round);
  });
}
