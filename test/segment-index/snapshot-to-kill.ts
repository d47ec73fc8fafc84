/**
 * An index that is killed at a step of its work on the disk. Arguments: the journal, and the number of the step
 * at which the process ends itself by SIGKILL: before it, or after its first half if it is a write.
 *
 * It opens the index, adds segments until it has written a snapshot, rewrites its journal, and writes another
 * one. Says `listed <size>` of each segment that was added, and `done <steps>` if the step does not exist.
 */
import { writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { segment } from './open-index.ts';

const [journalPath, last] = process.argv.slice(2) as [string, string];
let steps = 0;

const isLast = () => ++steps === Number(last);
const die = () => process.kill(process.pid, 'SIGKILL');
type Method = (...args: unknown[]) => Promise<unknown>;
const probe = await fs.open(import.meta.filename);
const prototype: Record<string, Method> = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ['write', 'writeFile', 'datasync', 'sync', 'truncate', 'close']) {
  const method = prototype[name]!;
  prototype[name] = async function (this: object, ...args: unknown[]) {
    if (isLast()) {
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
      if (isLast()) die();
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
