import path from 'node:path';
import t from 'tap';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { type DiskCall, watchDisk } from '../files/disk-calls.ts';
import { SimulatedPublisher } from './simulated-publisher.ts';

/** Position of the one call of a kind on a path. */
function only(calls: DiskCall[], call: DiskCall['call'], file: string): number {
  const found = calls.flatMap((one, i) => (one.call === call && one.path === file ? [i] : []));
  if (found.length !== 1) throw new Error(`${found.length} × ${call} of ${file}`);
  return found[0]!;
}

t.test('what is told of a segment is on the disk, and so is its name', async (t) => {
  const calls = await watchDisk(t);
  const publisher = new SimulatedPublisher(t, {
    videoReportUs: 300_000,
    audioReportUs: 2_500_000,
    recording: {
      onFact: (fact) => {
        if (fact.type === 'segment') calls.push({ call: 'told', path: fact.segment.path });
      },
    },
  });
  await publisher.run(12);
  await publisher.recording.close();
  const told = calls.filter(({ call }) => call === 'told');
  t.ok(told.length >= 8, `${told.length} segments`);
  for (const { path: object } of told) {
    const file = path.join(publisher.root, object);
    const synced = only(calls, 'datasync', `${file}.part`);
    const renamed = only(calls, 'rename', file);
    const lastWrite = calls.findLastIndex(
      ({ call, path }) => call === 'write' && path.startsWith(file),
    );
    const folder = path.dirname(file);
    const folderSynced = calls.findIndex(
      ({ call, path }, i) => i > renamed && call === 'sync' && path === folder,
    );
    const announced = only(calls, 'told', object);
    const order = [lastWrite, synced, renamed, folderSynced, announced];
    t.ok(lastWrite >= 0 && folderSynced > 0, `${object} was written and its folder synced`);
    t.same(
      order,
      order.toSorted((a, b) => a - b),
      `${object}: written, synced, renamed, told`,
    );
  }
  for (const { path: file } of calls.filter(({ path }) => /init\.m4s$/.test(path))) {
    t.ok(only(calls, 'datasync', `${file}.part`) < only(calls, 'rename', file));
  }
  const manifest = path.join(publisher.root, 'cam1/2026/03/04/manifest.mpd');
  let isSynced = false;
  for (const { call, path: file } of calls) {
    if (file === `${manifest}.part`) isSynced = call === 'datasync';
    if (call === 'rename' && file === manifest) t.ok(isSynced, 'a manifest is synced first');
  }
});

t.test('a row of the index is on the disk before anybody is given it', async (t) => {
  const journalPath = path.join(t.testdir({}), 'segments.jsonl');
  const options = { journalPath, nodeAlias: 'node', log: { warn() {} } };
  await (await SegmentIndex.open(options)).close();
  const calls = await watchDisk(t);
  const index = await SegmentIndex.open(options);
  t.teardown(() => index.close());
  const given = async () => {
    for (;;) {
      if (JSON.parse(index.page({ limit: 1 }).toString()).segments.length > 0) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    calls.push({ call: 'told', path: 'page' });
  };
  const segment = {
    stream: 'cam1',
    kind: 'video' as const,
    startUs: 1,
    endUs: 2,
    path: 'cam1/2026/03/04/seg_0001.m4s',
    initPath: 'cam1/2026/03/04/init.m4s',
    isKeyframe: true,
    keyframes: [1],
    codec: 'avc1.42e01f',
    size: 1,
  };
  const waited = index.waitForNewer({ limit: 1 }, 10_000).then(() => {
    calls.push({ call: 'told', path: 'wait' });
  });
  await Promise.all([given(), waited, index.add(segment)]);
  const synced = only(calls, 'datasync', journalPath);
  const written = calls.findLastIndex(({ call, path }) => call === 'write' && path === journalPath);
  t.ok(written >= 0 && written < synced);
  t.ok(synced < only(calls, 'told', 'page'), 'before a page has it');
  t.ok(synced < only(calls, 'told', 'wait'), 'before a wait ends');
});
