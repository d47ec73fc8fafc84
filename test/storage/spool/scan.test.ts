import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { repeat } from '../../thoroughness.ts';
import { FakeStoreError } from './faulty-store.ts';
import { filesBelow, openSpool, until } from './spool-fixture.ts';

const FOLDERS = repeat(20, 4);
const FILES = 1000;

t.test('thousands of waiting files take little memory, and all arrive', async (t) => {
  const root = t.testdir({});
  for (let day = 0; day < FOLDERS; day++) {
    const folder = path.join(root, `cam1/2026/03/${day}`);
    mkdirSync(folder, { recursive: true });
    for (let i = 1; i <= FILES; i++) writeFileSync(path.join(folder, `seg_${i}.m4s`), `${i}`);
  }
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  const before = process.memoryUsage();
  const { spool, store, clock } = await openSpool(t, {
    root,
    before: (_, store) => {
      store.fault = () => new FakeStoreError('transient');
    },
  });
  gc();
  const { heapUsed, external } = process.memoryUsage();
  const bytesEach = (heapUsed + external - before.heapUsed - before.external) / (FOLDERS * FILES);
  // A promise or a Stats a file would be over it.
  t.ok(bytesEach < 2000, `${Math.round(bytesEach)} bytes a file`);
  t.match(spool.state(), { waitingFiles: FOLDERS * FILES });
  await until(() => spool.state().failures > 0);
  store.fault = undefined;
  await until(() => {
    clock.advance(1000);
    return store.order.length > 0;
  });
  await spool.drained();
  t.equal(store.order.length, FOLDERS * FILES);
  t.same(filesBelow(root), []);
});
