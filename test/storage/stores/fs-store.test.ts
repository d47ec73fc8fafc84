import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { openFsStore } from '../../../src/storage/stores/fs-store.ts';
import { smallDisk } from '../../files/small-disk.ts';
import { repeat } from '../../thoroughness.ts';
import { failureOf, listed, storeSuite } from './store-suite.ts';

const MP4 = { contentType: 'video/mp4' };

t.test('the common suite', async (t) => {
  const root = t.testdir();
  await storeSuite(t, (folder) => openFsStore({ type: 'fs', root: path.join(root, folder) }));
});

t.test('thousands of objects, hidden and unfinished files beside them', async (t) => {
  const root = t.testdir({ many: { '.journal': 'x', 'a.m4s.part': 'x', '.hidden': { b: 'x' } } });
  const keys = Array.from({ length: repeat(10_000, 2500) }, (_, i) => `many/${i % 7}/v-${i}.m4s`);
  for (let i = 0; i < 7; i++) await mkdir(path.join(root, 'many', String(i)));
  for (const key of keys) await writeFile(path.join(root, key), 'x');
  const store = await openFsStore({ type: 'fs', root });
  await listed(t, store, keys);
  for (const key of ['many/.journal', 'many/a.m4s.part', 'many/.hidden/b']) {
    t.equal((await failureOf(t, store.get(key))).code, 'InvalidKey');
  }
});

t.test('a root that cannot be made says what to change', async (t) => {
  const root = path.join(t.testdir({ file: 'x' }), 'file', 'below');
  const failure = await failureOf(t, openFsStore({ type: 'fs', root }));
  t.equal(failure.code, 'ENOTDIR');
});

t.test('a full disk is transient, and leaves the old object as it was', async (t) => {
  const root = smallDisk(t, '1m');
  if (root === undefined) return;
  const store = await openFsStore({ type: 'fs', root });
  await store.put('a/x', Buffer.alloc(600_000, 1), MP4);
  const failure = await failureOf(t, store.put('a/x', Buffer.alloc(600_000, 2), MP4));
  t.equal(failure.kind, 'transient');
  t.equal(failure.code, 'ENOSPC');
  t.match(failure.mend, /space/);
  t.equal((await store.head('a/x'))?.size, 600_000);
  t.same(await readdir(path.join(root, 'a')), ['x'], 'and no unfinished file');
});
