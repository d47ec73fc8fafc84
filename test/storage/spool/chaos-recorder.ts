/**
 * A recorder that is killed: commits segments and manifests below a folder and lets the spool store
 * them in another, through a store that fails at random. Arguments: root, store, number of the first
 * segment, how many. Prints `committed <key> <hash>` before it tells the spool.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder, replaceFile } from '../../../src/files/durable-file.ts';
import { SegmentFile } from '../../../src/files/segment-file.ts';
import { Spool } from '../../../src/storage/spool/spool.ts';
import { FakeStoreError } from './faulty-store.ts';

const [root, storeRoot, first, count] = process.argv.slice(2) as [string, string, string, string];

let puts = 0;
async function put(key: string, data: Buffer): Promise<void> {
  const file = path.join(storeRoot, key);
  const kind = Math.random();
  if (kind < 0.15) throw new FakeStoreError('transient', 'ServiceUnavailable');
  await mkdir(path.dirname(file), { recursive: true });
  const part = path.join(storeRoot, `.${process.pid}.${puts++}`);
  await writeFile(part, kind < 0.2 ? data.subarray(0, data.length / 2) : data);
  if (kind < 0.2) throw new FakeStoreError('transient', 'ECONNRESET');
  await rename(part, file);
  if (kind < 0.3) throw new FakeStoreError('transient', 'ECONNRESET');
}

const say = () => {};
const spool = await Spool.open({
  root,
  store: { put },
  log: { info: say, warn: say, error: say },
  // Waits as of an outage of seconds, shortened.
  clock: {
    now: () => Date.now(),
    nowUs: () => Date.now() * 1000,
    after: (ms, call) => {
      const timer = setTimeout(call, ms / 50);
      return () => clearTimeout(timer);
    },
  },
});
writeSync(1, `opened ${spool.state().waitingFiles}\n`);
for (let number = Number(first); number < Number(first) + Number(count); number++) {
  const folder = `cam${number % 3}/2026/03/04`;
  await makeFolder(path.join(root, folder));
  const key = `${folder}/seg_${String(number).padStart(4, '0')}.m4s`;
  const data = randomBytes(20_000 + (number % 7) * 10_000);
  const segment = (await SegmentFile.claim(path.join(root, key)))!;
  await segment.append([data], data.length);
  await segment.commit();
  writeSync(1, `committed ${key} ${hash(data)}\n`);
  spool.offer(key);
  const manifest = `${folder}/manifest.mpd`;
  // What the last one named, wherever it is, and the new one; the spool may move it from one place to the
  // next at any moment, and back to the first.
  const places = [
    path.join(root, manifest),
    path.join(root, `${manifest}.sent`),
    path.join(storeRoot, manifest),
    path.join(root, manifest),
  ];
  const names = places.flatMap(namesIn);
  const text = JSON.stringify([...new Set([...names, key])]);
  await replaceFile(path.join(root, manifest), text);
  spool.offer(manifest);
}
await spool.drained();
await spool.close();
writeSync(1, 'drained\n');

/** What a manifest names; nothing where it is not, or not any more. */
function namesIn(file: string): string[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function hash(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
