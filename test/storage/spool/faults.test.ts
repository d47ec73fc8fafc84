import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FakeStoreError } from './faulty-store.ts';
import { commit, filesBelow, openSpool, until } from './spool-fixture.ts';

const transient = (retryAfterMs?: number) =>
  new FakeStoreError('transient', 'ServiceUnavailable', retryAfterMs);

t.test('while the store is away there is one probe at a time, ever rarer', async (t) => {
  const { root, store, spool, clock, logged } = await openSpool(t, { concurrency: 4 });
  store.hold = true;
  for (let i = 0; i < 20; i++) commit(root, `cam${i}/seg_0001.m4s`);
  for (let i = 0; i < 20; i++) spool.offer(`cam${i}/seg_0001.m4s`);
  for (const put of [...(await store.held(4))]) put.fail(transient());
  await until(() => spool.state().failures === 4);
  t.match(spool.state(), {
    state: 'delayed',
    waitingFiles: 20,
    lastError: { code: 'ServiceUnavailable' },
  });
  const waits: number[] = [];
  for (let probe = 0; probe < 9; probe++) {
    let wait = 100;
    while (!clock.isDueWithin(wait)) wait += 100;
    clock.advance(wait);
    await store.held(1);
    t.equal(store.active, 1);
    waits.push(wait);
    store.pending[0]!.fail(transient());
    await until(() => spool.state().failures === 5 + probe);
  }
  t.same(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  clock.advance(30_000);
  await store.held(1);
  store.pending[0]!.succeed();
  await store.held(4);
  t.equal(store.active, 4, 'all at once when it is back');
  store.hold = false;
  for (const put of [...store.pending]) put.succeed();
  await spool.drained();
  t.equal(store.objects.size, 20);
  t.match(spool.state(), { state: 'ok', failures: 13, uploadedFiles: 20 });
  t.equal(logged.length, 2, 'an outage is two lines, however long');
});

t.test('the store may ask for a longer wait', async (t) => {
  const { root, store, spool, clock } = await openSpool(t);
  let puts = 0;
  store.fault = () => (puts++ === 0 ? transient(120_000) : undefined);
  commit(root, 'a/seg_0001.m4s');
  spool.offer('a/seg_0001.m4s');
  await until(() => spool.state().failures === 1);
  t.notOk(clock.isDueWithin(119_999));
  clock.advance(120_000);
  await spool.drained();
  t.equal(store.puts, 2);
});

t.test('a failure that nobody has classified passes', async (t) => {
  const { root, store, spool, clock } = await openSpool(t);
  store.fault = () => (store.puts === 1 ? new TypeError('fetch failed') : undefined);
  commit(root, 'a/seg_0001.m4s');
  spool.offer('a/seg_0001.m4s');
  await until(() => spool.state().failures === 1);
  t.match(spool.state().lastError, { code: 'TypeError', message: 'fetch failed' });
  clock.advance(500);
  await spool.drained();
  t.equal(store.objects.size, 1);
});

t.test('a file that always fails does not keep the others', async (t) => {
  const { root, store, spool, clock } = await openSpool(t);
  store.fault = (key) => (key === 'a/seg_0000.m4s' ? transient() : undefined);
  for (let i = 0; i < 50; i++) commit(root, `a/seg_${String(i).padStart(4, '0')}.m4s`);
  for (let i = 0; i < 50; i++) spool.offer(`a/seg_${String(i).padStart(4, '0')}.m4s`);
  while (spool.state().waitingFiles > 1) {
    clock.advance(30_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.same(filesBelow(root), ['a/seg_0000.m4s']);
});

for (const [kind, code] of [
  ['denied', 'AccessDenied'],
  ['not-found', 'NoSuchKey'],
  ['too-large', 'EntityTooLarge'],
  ['misconfigured', 'InvalidKey'],
] as const) {
  t.test(`a file that is ${kind} is parked, and its folder's manifest waits for it`, async (t) => {
    let refuses = true;
    const { root, store, spool, clock, logged } = await openSpool(t);
    store.fault = (key) =>
      refuses && key === 'a/seg_0002.m4s' ? new FakeStoreError(kind, code) : undefined;
    const keys = ['a/seg_0001.m4s', 'a/seg_0002.m4s', 'a/seg_0003.m4s', 'a/manifest.mpd'];
    for (const key of [...keys, 'b/seg_0001.m4s', 'b/manifest.mpd']) commit(root, key);
    for (const key of [...keys, 'b/seg_0001.m4s', 'b/manifest.mpd']) spool.offer(key);
    await spool.drained();
    t.same(filesBelow(root), ['a/manifest.mpd', 'a/seg_0002.m4s']);
    t.match(spool.state(), {
      state: 'alarm',
      parkedFiles: 1,
      waitingFiles: 2,
      lastError: { code },
    });
    t.equal(spool.uploaded('a/seg_0002.m4s'), false);
    t.ok(logged.some((line) => line.startsWith('error: the store refuses a file')));
    const puts = store.puts;
    clock.advance(599_999);
    t.equal(spool.state().parkedFiles, 1);
    clock.advance(1);
    await spool.drained();
    t.equal(store.puts, puts + 1, 'tried again');
    t.equal(spool.state().parkedFiles, 1);
    refuses = false;
    spool.retryParked();
    await spool.drained();
    t.same(filesBelow(root), []);
    t.match(spool.state(), { state: 'ok', parkedFiles: 0 });
    t.equal(store.order.at(-1), 'a/manifest.mpd');
  });
}

t.test('many bad files do not make a bad store', async (t) => {
  const { root, store, spool } = await openSpool(t, { concurrency: 1 });
  store.fault = (key) => (/7\.m4s/.test(key) ? new FakeStoreError('denied') : undefined);
  const keys = Array.from({ length: 100 }, (_, i) => `a/seg_${String(i + 1).padStart(4, '0')}.m4s`);
  for (const key of keys) commit(root, key);
  for (const key of keys) spool.offer(key);
  await spool.drained();
  t.equal(spool.state().parkedFiles, 10);
  spool.retryParked();
  await spool.drained();
  commit(root, 'b/seg_0001.m4s');
  spool.offer('b/seg_0001.m4s');
  await spool.drained();
  t.equal(spool.uploaded('b/seg_0001.m4s'), true, 'nor do they when tried again in a row');
});

for (const kind of ['denied', 'misconfigured']) {
  t.test(`a store that answers everything with ${kind} is asked once a minute`, async (t) => {
    let refuses = true;
    const { root, store, spool, clock, logged } = await openSpool(t);
    store.fault = () => (refuses ? new FakeStoreError(kind) : undefined);
    const keys = Array.from({ length: 30 }, (_, i) => `cam${i}/seg_0001.m4s`);
    for (const key of keys) commit(root, key);
    for (const key of keys) spool.offer(key);
    await until(() =>
      logged.some((line) => line.startsWith('error: the store refuses all uploads')),
    );
    await until(() => store.active === 0);
    t.equal(spool.state().state, 'alarm');
    t.ok(store.puts <= 9, `${store.puts} uploads were tried`);
    for (let minute = 0; minute < 5; minute++) {
      const { failures } = spool.state();
      clock.advance(60_000);
      await until(() => spool.state().failures > failures);
    }
    // Files that were being read when the store was given up are among the first nine, whenever they
    // come to be sent; but for them there is one a minute.
    t.ok(store.puts <= 9 + 5, `${store.puts} uploads were tried after five minutes`);
    refuses = false;
    clock.advance(60_000);
    await spool.drained();
    t.equal(store.objects.size, 30, 'what was parked at first is not left behind');
    t.equal(spool.state().state, 'ok');
  });
}

t.test('bytes that arrive damaged are sent again, but not for ever', async (t) => {
  const { root, store, spool, clock } = await openSpool(t);
  store.fault = () => new FakeStoreError('integrity', 'BadDigest');
  commit(root, 'a/seg_0001.m4s');
  spool.offer('a/seg_0001.m4s');
  for (let failures = 1; failures <= 3; failures++) {
    await until(() => spool.state().failures === failures);
    t.equal(spool.state().parkedFiles, failures === 3 ? 1 : 0);
    clock.advance(30_000);
  }
});

t.test('a store that hangs is away, and its late answer does no harm', async (t) => {
  const { root, store, spool, clock } = await openSpool(t, { putTimeoutMs: 1000 });
  const key = 'a/manifest.mpd';
  store.hold = true;
  commit(root, key, 'older');
  spool.offer(key);
  const [hung] = await store.held(1);
  clock.advance(1100);
  await until(() => spool.state().failures === 1);
  t.match(spool.state(), { state: 'delayed', lastError: { code: 'UploadTimeout' } });
  replace(root, key, 'newer');
  spool.offer(key);
  clock.advance(500);
  await store.held(2);
  store.hold = false;
  store.pending[1]!.succeed();
  await spool.drained();
  t.equal(store.text(key), 'newer');
  t.same(filesBelow(root), [key], 'kept, as the older one may still come');
  hung!.succeed();
  await until(() => store.order.length === 3);
  await spool.drained();
  t.equal(store.text(key), 'newer');
  t.same(filesBelow(root), []);
});

t.test('a late answer during the next try brings a third', async (t) => {
  const { root, store, spool, clock } = await openSpool(t, { putTimeoutMs: 1000 });
  const key = 'a/manifest.mpd';
  store.hold = true;
  commit(root, key, 'older');
  spool.offer(key);
  const [hung] = await store.held(1);
  clock.advance(1100);
  await until(() => spool.state().failures === 1);
  replace(root, key, 'newer');
  clock.advance(500);
  const [, second] = await store.held(2);
  hung!.succeed();
  await until(() => store.order.length === 1);
  second!.succeed();
  const [third] = await store.held(1);
  t.equal(third!.data.toString(), 'newer');
  third!.succeed();
  await spool.drained();
  t.equal(store.text(key), 'newer');
  t.same(filesBelow(root), []);
});

t.test('a file that cannot be read is parked', async (t) => {
  const { root, store, spool } = await openSpool(t);
  mkdirSync(path.join(root, 'a'));
  commit(root, 'b/seg_0001.m4s');
  store.hold = true;
  spool.offer('b/seg_0001.m4s');
  const [put] = await store.held(1);
  put!.fail(transient());
  await until(() => spool.state().failures === 1);
  // A folder in its place is what even root cannot read.
  renameSync(path.join(root, 'b/seg_0001.m4s'), path.join(root, 'b/away'));
  mkdirSync(path.join(root, 'b/seg_0001.m4s'));
  store.hold = false;
  spool.retryParked();
  await spool.drained();
  t.match(spool.state(), { state: 'alarm', parkedFiles: 1, lastError: { code: 'EISDIR' } });
  rmdirSync(path.join(root, 'b/seg_0001.m4s'));
  renameSync(path.join(root, 'b/away'), path.join(root, 'b/seg_0001.m4s'));
  spool.retryParked();
  await spool.drained();
  t.equal(store.text('b/seg_0001.m4s'), 'b/seg_0001.m4s');
});

t.test('a listener that throws harms nothing', async (t) => {
  const { root, store, spool, logged } = await openSpool(t);
  spool.onUploaded = () => {
    throw new Error('listener');
  };
  commit(root, 'a/seg_0001.m4s');
  spool.offer('a/seg_0001.m4s');
  await spool.drained();
  t.equal(store.objects.size, 1);
  t.same(logged, ['error: a listener of the spool failed']);
});

function replace(root: string, key: string, text: string): void {
  commit(root, `${key}.part`, text);
  renameSync(path.join(root, `${key}.part`), path.join(root, key));
}
