import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { commit, filesBelow, openSpool, until } from './spool-fixture.ts';

const DAY = 'cam1/2026/03/04';

t.test('files found and files told of are stored, told and deleted', async (t) => {
  const { root, store, spool, uploaded, clock } = await openSpool(t, {
    before: (root) => {
      commit(root, `${DAY}/init.m4s`);
      commit(root, `${DAY}/seg_0001.m4s`, Buffer.alloc(100_000, 7));
      commit(root, `${DAY}/seg_0002.m4s.part`);
      commit(root, '.journal/records');
    },
  });
  t.match(spool.state(), { state: 'ok', waitingFiles: 2, waitingBytes: 100_000 + 24 });
  await spool.drained();
  commit(root, `${DAY}/audio_seg_0001.m4s`);
  commit(root, `${DAY}/manifest.mpd`);
  t.equal(spool.uploaded(`${DAY}/manifest.mpd`), false, 'not told of yet, but there');
  spool.offer(`${DAY}/audio_seg_0001.m4s`);
  spool.offer(`${DAY}/manifest.mpd`);
  t.equal(spool.uploaded(`${DAY}/audio_seg_0001.m4s`), false);
  await spool.drained();
  t.equal(spool.uploaded(`${DAY}/audio_seg_0001.m4s`), true);
  t.equal(spool.uploaded(`${DAY}/seg_0003.m4s`), undefined);
  t.same(filesBelow(root), ['.journal/records', `${DAY}/seg_0002.m4s.part`]);
  t.same(uploaded, store.order);
  t.same(store.order, [
    `${DAY}/init.m4s`,
    `${DAY}/seg_0001.m4s`,
    `${DAY}/audio_seg_0001.m4s`,
    `${DAY}/manifest.mpd`,
  ]);
  t.ok(store.objects.get(`${DAY}/seg_0001.m4s`)?.equals(Buffer.alloc(100_000, 7)));
  t.same(
    store.order.map((key) => store.contentTypes.get(key)),
    ['video/mp4', 'video/mp4', 'audio/mp4', 'application/dash+xml'],
  );
  const { bytesPerSecond, ...state } = spool.state();
  t.ok(bytesPerSecond > 100_000 / 60);
  t.same(state, {
    state: 'ok',
    waitingFiles: 0,
    waitingBytes: 0,
    parkedFiles: 0,
    uploadedFiles: 4,
    failures: 0,
    droppedFiles: 0,
  });
  clock.advance(120_000);
  t.equal(spool.state().bytesPerSecond, 0);
});

t.test('the oldest go first, initialization segments before all of their folder', async (t) => {
  const { store, spool } = await openSpool(t, {
    concurrency: 1,
    before: (root) => {
      for (const [key, second] of [
        ['b/seg_0001.m4s', 1],
        ['a/seg_0001.m4s', 2],
        ['b/seg_0002.m4s', 3],
        ['a/seg_0002.m4s', 4],
        ['a/init.m4s', 5],
      ] as const) {
        commit(root, key);
        touch(root, key, second);
      }
    },
  });
  await spool.drained();
  t.same(store.order, [
    'b/seg_0001.m4s',
    'b/seg_0002.m4s',
    'a/init.m4s',
    'a/seg_0001.m4s',
    'a/seg_0002.m4s',
  ]);
});

t.test('no more uploads at once than allowed', async (t) => {
  const { store, spool } = await openSpool(t, {
    concurrency: 3,
    before: (root, store) => {
      store.hold = true;
      for (let i = 0; i < 9; i++) commit(root, `cam${i}/seg_0001.m4s`);
    },
  });
  await store.held(3);
  store.hold = false;
  for (const put of [...store.pending]) put.succeed();
  await spool.drained();
  t.equal(store.mostActive, 3);
  t.equal(store.objects.size, 9);
});

t.test('a manifest waits for a segment that was committed before it and not told of', async (t) => {
  const { root, store, spool } = await openSpool(t);
  commit(root, `${DAY}/seg_0001.m4s`);
  commit(root, `${DAY}/manifest.mpd`, 'names 1');
  spool.offer(`${DAY}/manifest.mpd`);
  await spool.drained();
  t.same(store.order, [`${DAY}/seg_0001.m4s`, `${DAY}/manifest.mpd`]);
  spool.offer(`${DAY}/seg_0001.m4s`);
  await spool.drained();
  t.equal(store.order.length, 2, 'told of late, when it was gone');
});

t.test('a manifest replaced during its upload is uploaded again', async (t) => {
  const { root, store, spool, uploaded } = await openSpool(t);
  store.hold = true;
  commit(root, `${DAY}/manifest.mpd`, 'first');
  spool.offer(`${DAY}/manifest.mpd`);
  const [first] = await store.held(1);
  replace(root, `${DAY}/manifest.mpd`, 'second');
  first!.succeed();
  const [second] = await store.held(1);
  t.equal(store.text(`${DAY}/manifest.mpd`), 'first');
  t.equal(second!.data.toString(), 'second', 'found without being told');
  replace(root, `${DAY}/manifest.mpd`, 'third');
  spool.offer(`${DAY}/manifest.mpd`);
  second!.succeed();
  (await store.held(1))[0]!.succeed();
  await spool.drained();
  t.equal(store.text(`${DAY}/manifest.mpd`), 'third');
  t.same(filesBelow(root), []);
  t.equal(uploaded.length, 3);
});

t.test('an upload under way is not done again for being told of twice', async (t) => {
  const { root, store, spool } = await openSpool(t);
  store.hold = true;
  commit(root, `${DAY}/seg_0001.m4s`);
  spool.offer(`${DAY}/seg_0001.m4s`);
  const [put] = await store.held(1);
  spool.offer(`${DAY}/seg_0001.m4s`);
  put!.succeed();
  await spool.drained();
  t.equal(store.puts, 1);
  t.same(filesBelow(root), []);
});

t.test('kept files stay until they need not', async (t) => {
  let today = true;
  const key = `${DAY}/manifest.mpd`;
  const { root, store, spool, clock } = await openSpool(t, {
    keep: (asked) => today && asked.endsWith('.mpd'),
  });
  commit(root, key, 'first');
  commit(root, `${DAY}/seg_0001.m4s`);
  spool.offer(`${DAY}/seg_0001.m4s`);
  spool.offer(key);
  await spool.drained();
  t.same(filesBelow(root), [key]);
  t.equal(spool.uploaded(key), true);
  t.equal(spool.state().waitingFiles, 0);
  replace(root, key, 'second');
  spool.offer(key);
  t.equal(spool.uploaded(key), false);
  await spool.drained();
  t.equal(store.text(key), 'second');
  clock.advance(600_000);
  await spool.drained();
  t.same(filesBelow(root), [key], 'still today');
  t.equal(store.puts, 3, 'and not uploaded again for nothing');
  today = false;
  clock.advance(600_000);
  await spool.drained();
  t.same(filesBelow(root), []);
  t.equal(store.text(key), 'second');
});

t.test('a kept manifest replaced during its upload is uploaded again', async (t) => {
  const key = `${DAY}/manifest.mpd`;
  const { root, store, spool } = await openSpool(t, { keep: () => true });
  store.hold = true;
  commit(root, key, 'first');
  spool.offer(key);
  const [first] = await store.held(1);
  replace(root, key, 'second');
  first!.succeed();
  (await store.held(1))[0]!.succeed();
  await spool.drained();
  t.equal(store.text(key), 'second');
  t.same(filesBelow(root), [key]);
});

t.test('a segment that must stay is uploaded once, and goes when it is let go', async (t) => {
  const unnamed = new Set(['cam/seg_1.m4s', 'cam/seg_2.m4s']);
  const { root, store, spool, clock } = await openSpool(t, { keep: (key) => unnamed.has(key) });
  for (const key of unnamed) {
    commit(root, key);
    spool.offer(key);
  }
  await spool.drained();
  t.same(filesBelow(root), ['cam/seg_1.m4s', 'cam/seg_2.m4s']);
  t.match(spool.state(), { waitingFiles: 0, state: 'ok' });
  t.equal(spool.uploaded('cam/seg_1.m4s'), true, 'the store has it all the same');
  unnamed.delete('cam/seg_1.m4s');
  spool.release('cam/seg_1.m4s');
  await until(() => filesBelow(root).length === 1);
  clock.advance(600_000);
  await spool.drained();
  t.same(filesBelow(root), ['cam/seg_2.m4s'], 'the other still has to stay');

  store.hold = true;
  commit(root, 'cam/seg_3.m4s');
  unnamed.add('cam/seg_3.m4s');
  spool.offer('cam/seg_3.m4s');
  await until(() => store.pending.length === 1);
  unnamed.clear();
  for (const key of ['cam/seg_2.m4s', 'cam/seg_3.m4s']) spool.release(key);
  t.ok(filesBelow(root).includes('cam/seg_3.m4s'), 'what the store does not have yet stays');
  store.pending[0]!.succeed();
  await until(() => filesBelow(root).length === 0);
  t.equal(store.puts, 3, 'none was uploaded twice');
});

t.test('a file can be read until it is gone, and to its end after that', async (t) => {
  const { root, store, spool } = await openSpool(t);
  store.hold = true;
  const key = `${DAY}/seg_0001.m4s`;
  commit(root, key, Buffer.alloc(200_000, 3));
  spool.offer(key);
  const [put] = await store.held(1);
  const handle = (await spool.open(key))!;
  put!.succeed();
  await spool.drained();
  t.equal(await spool.open(key), undefined);
  t.ok((await handle.readFile()).equals(Buffer.alloc(200_000, 3)));
  await handle.close();
  for (const bad of ['', '/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/.', '.']) {
    await t.rejects(spool.open(bad), /not a path below the root/, bad);
    t.throws(() => spool.offer(bad), /not a path below the root/, bad);
  }
});

t.test('what was deleted by hand is passed over', async (t) => {
  const { root, store, spool, logged } = await openSpool(t, { concurrency: 1 });
  store.hold = true;
  commit(root, 'a/seg_0001.m4s');
  commit(root, 'a/seg_0002.m4s');
  spool.offer('a/seg_0001.m4s');
  spool.offer('a/seg_0002.m4s');
  spool.offer('a/seg_0003.m4s');
  const [put] = await store.held(1);
  rmSync(path.join(root, 'a'), { recursive: true });
  put!.succeed();
  await spool.drained();
  t.same(store.order, ['a/seg_0001.m4s']);
  t.equal(spool.state().waitingFiles, 0);
  t.ok(logged.includes('warn: a file was deleted before its upload'));
});

t.test('a manifest taken aside when the process died is found again', async (t) => {
  const older = `${DAY}/manifest.mpd`;
  const newer = 'cam2/2026/03/04/manifest.mpd';
  const { root, store, spool } = await openSpool(t, {
    before: (root) => {
      commit(root, `${older}.sent`, 'aside');
      commit(root, `${newer}.sent`, 'aside');
      commit(root, newer, 'newer');
    },
  });
  await spool.drained();
  t.equal(store.text(older), 'aside');
  t.equal(store.text(newer), 'newer');
  t.equal(store.puts, 2);
  t.same(filesBelow(root), []);
});

t.test('closing ends what is under way and begins nothing', async (t) => {
  const { root, store, spool, clock } = await openSpool(t, { concurrency: 1 });
  store.hold = true;
  for (const i of [1, 2]) commit(root, `a/seg_000${i}.m4s`);
  for (const i of [1, 2]) spool.offer(`a/seg_000${i}.m4s`);
  const [put] = await store.held(1);
  const closed = spool.close();
  put!.succeed();
  await closed;
  t.same(store.order, ['a/seg_0001.m4s']);
  t.same(filesBelow(root), ['a/seg_0002.m4s']);

  const again = await openSpool(t, { root, before: (_, store) => (store.hold = true) });
  await again.store.held(1);
  const abandoned = again.spool.close();
  again.clock.advance(5_000);
  await abandoned;
  t.same(filesBelow(root), ['a/seg_0002.m4s'], 'an upload that hangs is left to the next start');
  t.notOk(clock.isDueWithin(1e9), 'no timer is left');
});

t.test('a large file goes as a whole', async (t) => {
  const { root, store, spool } = await openSpool(t);
  const data = Buffer.alloc(70 << 20, 5);
  commit(root, 'a/seg_0001.m4s', data);
  spool.offer('a/seg_0001.m4s');
  await spool.drained();
  t.ok(store.objects.get('a/seg_0001.m4s')?.equals(data));
});

function touch(root: string, key: string, second: number): void {
  const file = path.join(root, key);
  utimesSync(file, second, second);
}

function replace(root: string, key: string, text: string): void {
  const file = path.join(root, key);
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}
