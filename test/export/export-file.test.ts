import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { ExportJobs } from '../../src/export/export-jobs.ts';
import { readPicture } from '../../src/export/picture.ts';
import { type ExportRequest, planExport } from '../../src/export/plan-export.ts';
import { Presentations } from '../../src/playback/presentations.ts';
import { recordedObjects } from '../../src/playback/recorded-objects.ts';
import type { SpooledStore } from '../../src/storage/spooled-store.ts';
import { openFsStore } from '../../src/storage/stores/fs-store.ts';
import { recordedApp } from '../playback/recorded-app.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';

t.test('what is in the bucket and what waits in the spool make the same file', async (t) => {
  const { app, root, publisher } = await recordedApp(t, async (publisher) => {
    await publisher.run(10);
  });
  const range: ExportRequest = {
    stream: 'cam1',
    startUs: NOON_US + 1_500_000,
    endUs: NOON_US + 9_000_000,
    gaps: 'cut',
    container: 'mp4',
  };
  const local = await planExport({ ...app.rangeSources, objects: app.recordedObjects }, range);
  const expected = await buffer(local.file.open());

  // All but the last picture segments, and a manifest, have left for the bucket.
  const bucketRoot = t.testdir({});
  const waiting = new Set(
    publisher
      .of('video')
      .slice(-2)
      .map(({ path }) => path),
  );
  const { initPath, path: anySegment } = publisher.of('video')[0]!;
  const folder = anySegment.slice(0, anySegment.lastIndexOf('/'));
  await mkdir(join(bucketRoot, folder), { recursive: true });
  const left = new Set(
    publisher.segments
      .flatMap(({ path, initPath }) => [path, initPath])
      .concat(`${folder}/manifest.mpd`, initPath),
  );
  for (const path of left) {
    if (!waiting.has(path)) await rename(join(root, path), join(bucketRoot, path));
  }
  const bucket = {
    root,
    store: await openFsStore({ type: 'fs', root: bucketRoot }),
  } as unknown as SpooledStore;
  const objects = recordedObjects({ root, bucket }, app.recorder);
  const sources = {
    index: app.segmentIndex,
    objects,
    presentations: new Presentations(objects),
  };
  const { file } = await planExport(sources, range);
  t.equal(file.etag, local.file.etag);
  t.ok((await buffer(file.open())).equals(expected));
  const part = await buffer(file.open({ start: 100_000, end: 199_999 }));
  t.ok(part.equals(expected.subarray(100_000, 200_000)));
  const log = { info() {}, warn() {} };
  const jobs = await ExportJobs.open({ root, owner: 'bucket', sources, log });
  const { id } = await jobs.create(range, 0);
  for await (const _ of jobs.follow(id, 60_000));
  t.equal(jobs.get(id).state, 'done');
  t.ok((await readFile(jobs.fileOf(id))).equals(expected), 'a job writes it too');
  await jobs.close();
  const picture = await readPicture(sources, 'cam1', NOON_US + 3_000_000);
  t.equal(picture.timeUs, NOON_US + 2_000_000);
  await rm(join(bucketRoot, publisher.of('video')[1]!.path));
  await t.rejects(planExport(sources, range), /seg_0002.m4s is missing/);
});

t.test('who goes away in the middle leaves nothing open', async (t) => {
  if (process.platform !== 'linux') return void t.pass('/proc tells', { skip: 'Linux alone' });
  const { app, root } = await recordedApp(t, async (publisher) => {
    await publisher.run(10);
  });
  const sources = { ...app.rangeSources, objects: app.recordedObjects };
  const range = { startUs: NOON_US, endUs: NOON_US + 9_000_000 };
  const request = { stream: 'cam1', ...range, gaps: 'cut', container: 'mp4' } as const;
  const { file } = await planExport(sources, request);
  const openFiles = async () => {
    const handles = await readdir('/proc/self/fd');
    const targets = handles.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => ''));
    return (await Promise.all(targets)).filter((target) => target.startsWith(join(root, 'cam1')));
  };
  const stream = file.open({ start: 50_000 });
  await once(stream, 'readable');
  t.not((await openFiles()).length, 0);
  stream.destroy();
  await once(stream, 'close');
  t.same(await openFiles(), []);
});
