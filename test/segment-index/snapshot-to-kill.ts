/**
 * An index that is killed at a step of its work on the disk. Arguments: the journal, the number of the step before
 * which the process ends itself by SIGKILL, and `half` to do the first half of it if it is a write.
 *
 * It opens the index, adds segments until it has written a snapshot, rewrites its journal, and writes another
 * one. Says `listed <size>` of each segment that was added, and `done <steps>` if the step does not exist.
 */
import { writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { segment } from './open-index.ts';

const [journalPath, last, half] = process.argv.slice(2) as [string, string, string?];
let steps = 0;

function step(): boolean {
  steps++;
  if (steps !== Number(last)) return false;
  if (half === undefined) process.kill(process.pid, 'SIGKILL');
  return true;
}

const die = () => process.kill(process.pid, 'SIGKILL');
type Method = (...args: unknown[]) => Promise<unknown>;
const probe = await fs.open(import.meta.filename);
const prototype: Record<string, Method> = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ['write', 'writeFile', 'datasync', 'sync', 'truncate', 'close']) {
  const method = prototype[name]!;
  prototype[name] = async function (this: object, ...args: unknown[]) {
    if (step()) {
      const [bytes, offset, length] = args as [Uint8Array, number?, number?];
      if (name === 'write') await method.call(this, bytes, offset, length! >> 1, args[3]);
      if (name === 'writeFile') await method.call(this, bytes.subarray(0, bytes.length >> 1));
      die();
    }
    return method.apply(this, args);
  };
}
for (const name of ['open', 'rename', 'rm'] as const) {
  const call = fs[name] as unknown as Method;
  Object.assign(fs, {
    [name]: async (...args: unknown[]) => {
      if (step()) die();
      return call(...args);
    },
  });
}
syncBuiltinESMExports();

const log = { warn: (_: object, message: string) => writeSync(1, `warned ${message}\n`) };
const index = await SegmentIndex.open({ journalPath, nodeAlias: 'node', log, snapshotLines: 3 });
const add = async (count: number) => {
  const first = index.size;
  for (let n = first; n < first + count; n++) {
    const added = segment(n);
    await index.add(added);
    writeSync(1, `listed ${added.size}\n`);
  }
};
await add(5);
await index.evict(0);
await add(1);
await index.compact();
await add(4);
await index.evict(0);
await index.close();
writeSync(1, `done ${steps}\n`);
