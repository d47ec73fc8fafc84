import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { StoredFolders } from '../../src/day-folder/stored-folders.ts';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { openFsStore } from '../../src/storage/stores/fs-store.ts';
import { PutOnce } from '../../src/storage/stores/put-once.ts';
import { type Store, StoreError } from '../../src/storage/stores/store.ts';
import { NOON_US, SimulatedPublisher } from '../recording/simulated-publisher.ts';
import { ManualClock } from '../sources/manual-clock.ts';

const FOLDER = 'cam1/2026/03/04';
const MANIFEST = `${FOLDER}/manifest.mpd`;
const mpd = { contentType: 'application/dash+xml' };
const away = new StoreError('away', { kind: 'transient', code: 'ECONNREFUSED' });

async function opened(t: Test) {
  const root = await mkdtemp(join(tmpdir(), 'stored-folders-'));
  t.teardown(() => rm(root, { recursive: true }));
  const store = await openFsStore({ type: 'fs', root });
  const faulty: Store & { fault?: StoreError; hangs?: boolean } = Object.create(store);
  const guarded =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (faulty.fault) throw faulty.fault;
      if (faulty.hangs) await new Promise(() => {});
      return work.apply(store, args);
    };
  faulty.get = guarded(store.get);
  faulty.put = guarded(store.put);
  faulty.head = guarded(store.head);
  faulty.list = (prefix) => store.list(prefix);
  const clock = new ManualClock();
  const logged: string[] = [];
  const say = (_: object, message: string) => logged.push(message);
  const log = { info: say, warn: say, error: say };
  const reopen = () => new StoredFolders(faulty, new PutOnce(faulty), log, clock);
  const read = async (key: string) => text((await store.get(key))!.body);
  return { store, faulty, clock, logged, reopen, read };
}

/** The manifest of a recording of so many seconds that began at a time, µs since the epoch. */
async function manifestOf(t: Test, seconds: number, startUs: number): Promise<string> {
  const publisher = new SimulatedPublisher(t, { startUs, videoReportUs: 0, audioReportUs: 0 });
  await publisher.run(seconds);
  await publisher.recording.close();
  return readFile(join(publisher.root, publisher.recording.manifestPath), 'utf8');
}

t.test('tells what the store has of a folder', async (t) => {
  const { store, reopen } = await opened(t);
  t.same(await reopen().stored(FOLDER, false), {
    manifest: undefined,
    numbers: { seg: { video: 0, audio: 0 }, init: { video: 0, audio: 0 } },
  });
  const manifest = await manifestOf(t, 6, NOON_US);
  for (const name of ['init_3.m4s', 'seg_0007.m4s', 'seg_0006.m4s', 'audio_seg_10001.m4s']) {
    await store.put(`${FOLDER}/${name}`, Buffer.from(name), { contentType: 'video/mp4' });
  }
  await store.put(MANIFEST, Buffer.from(manifest), mpd);
  t.same(await reopen().stored(FOLDER, false), {
    manifest,
    numbers: { seg: { video: 7, audio: 10_001 }, init: { video: 3, audio: 0 } },
  });
});

t.test('a store that does not answer is left alone for a while', async (t) => {
  const { faulty, clock, logged, reopen } = await opened(t);
  const folders = reopen();
  faulty.fault = away;
  t.equal(await folders.stored(FOLDER, false), undefined);
  delete faulty.fault;
  t.equal(await folders.stored(FOLDER, false), undefined, 'not asked again at once');
  t.equal(logged.length, 1);
  clock.advance(30_000);
  t.ok(await folders.stored(FOLDER, false));
  faulty.hangs = true;
  const late = folders.stored(`${FOLDER}0`, false);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(5_000);
  t.equal(await late, undefined, 'nobody waits for ever');
});

t.test('a manifest that was begun without the stored one goes on from it', async (t) => {
  const { store, faulty, logged, reopen, read } = await opened(t);
  const morning = await manifestOf(t, 6, NOON_US - 3_600e6);
  await store.put(MANIFEST, Buffer.from(morning), mpd);
  const folders = reopen();
  faulty.fault = away;
  await t.rejects(folders.put(MANIFEST, Buffer.from('x'), mpd), { code: 'ECONNREFUSED' });
  delete faulty.fault;
  for (const seconds of [6, 10]) {
    const ours = Buffer.from(await manifestOf(t, seconds, NOON_US));
    await folders.put(MANIFEST, ours, mpd);
    const { periods } = readMpd(await read(MANIFEST));
    t.equal(periods.length, 2, 'at each put');
    t.equal(periods[0]!.video!.timeline.count, readMpd(morning).periods[0]!.video!.timeline.count);
    t.equal(
      periods[1]!.video!.timeline.count,
      readMpd(String(ours)).periods[0]!.video!.timeline.count,
    );
  }
  t.equal(logged.length, 1, 'told once');
  const whole = await read(MANIFEST);
  await reopen().put(MANIFEST, Buffer.from(whole), mpd);
  t.equal(await read(MANIFEST), whole, 'what lacks nothing stays as it is');
});

t.test('a manifest that was begun without the stored one keeps what was deleted', async (t) => {
  const { store, reopen, read } = await opened(t);
  const note = 'deleted: seg 101-500, audio_seg 103, init 7, period 9';
  const stored = (await manifestOf(t, 6, NOON_US - 3_600e6)).replace(
    /(<MPD[^>]*>\n)/,
    `$1<!-- ${note} -->\n`,
  );
  t.ok(readMpd(stored).deleted?.seg.video.has(500));
  const ours = await manifestOf(t, 6, NOON_US);
  for (const [text, periods] of [
    [stored, 2],
    // Everything in it was deleted.
    [ours.replace(/<Period[\s\S]*<\/Period>\n?/, `<!-- ${note} -->`), 1],
  ] as const) {
    await store.put(MANIFEST, Buffer.from(text), mpd);
    const folders = reopen();
    for (let put = 0; put < 2; put++) {
      await folders.put(MANIFEST, Buffer.from(ours), mpd);
      const found = readMpd(await read(MANIFEST));
      t.equal(found.deleted?.toXml(), `<!-- ${note} -->\n`, 'at each put');
      t.equal(found.periods.length, periods);
    }
    const whole = await read(MANIFEST);
    await reopen().put(MANIFEST, Buffer.from(whole), mpd);
    t.equal(await read(MANIFEST), whole, 'what lacks nothing stays as it is');
  }
});

t.test('what is not ours is not destroyed', async (t) => {
  const { store, reopen, read } = await opened(t);
  await store.put(MANIFEST, Buffer.from('<MPD>another one</MPD>'), mpd);
  const folders = reopen();
  t.match(await folders.stored(FOLDER, false), { manifest: undefined });
  const ours = Buffer.from(await manifestOf(t, 6, NOON_US));
  await t.rejects(folders.put(MANIFEST, ours, mpd), { kind: 'exists', code: 'ForeignManifest' });
  await folders.put(`${FOLDER}/seg_0001.m4s`, Buffer.from('ours'), mpd);
  const other = folders.put(`${FOLDER}/seg_0001.m4s`, Buffer.from('other'), mpd);
  await t.rejects(other, { kind: 'exists', code: 'ObjectExists' });
  t.equal(await read(MANIFEST), '<MPD>another one</MPD>');
  t.equal(await read(`${FOLDER}/seg_0001.m4s`), 'ours');
});
