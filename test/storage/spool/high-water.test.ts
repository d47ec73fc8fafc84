import { utimesSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { SpoolLimits } from '../../../src/storage/spool/high-water.ts';
import { commit, filesBelow, openSpool, until } from './spool-fixture.ts';

const STOP: SpoolLimits = { warnBytes: 5_000, highWaterBytes: 10_000, policy: 'stop' };

t.test('a warning comes long before nothing more is accepted', async (t) => {
  const { root, store, spool, logged } = await openSpool(t, { limits: STOP, concurrency: 1 });
  store.hold = true;
  const states: string[] = [];
  for (let i = 1; i <= 10; i++) {
    commit(root, `a/seg_${i}.m4s`, Buffer.alloc(1000));
    spool.offer(`a/seg_${i}.m4s`);
    states.push(spool.state().state);
    t.equal(spool.accepts(), i < 10);
  }
  t.same(states, [...Array(4).fill('ok'), ...Array(5).fill('alarm'), 'full']);
  t.equal(logged.length, 2);
  t.match(logged[0], /^warn: much data is waiting/);
  t.match(logged[1], /^error: too much data is waiting/);
  for (const accepts of [false, true]) {
    const left = spool.state().waitingFiles - 1;
    (await store.held(1))[0]!.succeed();
    await until(() => spool.state().waitingFiles === left);
    t.equal(spool.accepts(), accepts, 'accepts again with a tenth to spare');
  }
});

t.test('a full spool is full from the start', async (t) => {
  const { spool } = await openSpool(t, {
    limits: STOP,
    before: (root, store) => {
      store.hold = true;
      commit(root, 'a/seg_1.m4s', Buffer.alloc(10_000));
    },
  });
  t.notOk(spool.accepts());
  t.equal(spool.state().state, 'full');
});

t.test('the oldest of a class are deleted, and nothing else', async (t) => {
  const dropped: string[] = [];
  const { root, store, spool, logged } = await openSpool(t, {
    concurrency: 1,
    limits: {
      ...STOP,
      policy: { dropOldest: (key) => key.startsWith('less/') },
    },
  });
  spool.onDropped = (key) => dropped.push(key);
  store.hold = true;
  const offer = (key: string, second: number) => {
    commit(root, key, Buffer.alloc(1000));
    utimesSync(path.join(root, key), second, second);
    spool.offer(key);
  };
  offer('less/seg_1.m4s', 1);
  await store.held(1);
  offer('less/init.m4s', 2);
  offer('less/manifest.mpd', 3);
  offer('more/seg_1.m4s', 4);
  for (let i = 2; i <= 6; i++) offer(`less/b/seg_${i}.m4s`, 20 - i);
  t.same(dropped, []);
  offer('more/seg_2.m4s', 30);
  t.ok(spool.accepts(), 'room is being made');
  await until(() => dropped.length === 1);
  t.same(dropped, ['less/b/seg_6.m4s'], 'the oldest that is not under way');
  await until(() => logged.some((line) => line.startsWith('error: DELETED')));
  t.match(spool.state(), { droppedFiles: 1, waitingFiles: 9, waitingBytes: 9000, state: 'alarm' });
  t.equal(spool.uploaded('less/b/seg_6.m4s'), undefined);
  for (let i = 1; i <= 5; i++) offer(`more/b/seg_${i}.m4s`, 100 + i);
  await until(() => dropped.length === 5);
  t.same(
    dropped.slice(1),
    [5, 4, 3, 2].map((i) => `less/b/seg_${i}.m4s`),
  );
  await until(() => !spool.accepts());
  t.equal(spool.state().state, 'full', 'nothing of the class is left');
  store.hold = false;
  store.pending[0]!.succeed();
  await spool.drained();
  t.ok(spool.accepts());
  t.same(filesBelow(root), []);
  t.equal(store.objects.size, 10);
});
