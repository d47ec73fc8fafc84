import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'smol-toml';
import t, { type Test } from 'tap';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import {
  type Provider,
  type StoredRecording,
  storedRecording,
} from '../server/stored-recording.ts';
import { FOLDER, recordTwoPeriods } from '../verification/damaged-recording.ts';
import { runInProcess } from './run-main.ts';

const publisher = await recordTwoPeriods(t);
const segments = publisher.segments.map((segment) => segment.path).sort();

/** A bucket with the first segments, and a spool with the rest. */
async function partlyUploaded(
  t: Test,
  provider: Provider,
  storage: object = {},
): Promise<StoredRecording | undefined> {
  const stored = await storedRecording(t, publisher.root, provider);
  if (stored === undefined) return undefined;
  const early = publisher.segments
    .filter(({ startUs }) => startUs < NOON_US + 12e6)
    .flatMap((segment) => [segment.path, segment.initPath]);
  const names = [...new Set(early)].map((file) => path.basename(file));
  await stored.upload(names);
  await stored.leave(names);
  const recorder = {
    retention: { max_age: '1d' },
    storage: { ...stored.storage, ...storage, spool_dir: stored.spool },
  };
  await writeFile(stored.config, stringify({ recorder }));
  return stored;
}

async function objects({ store }: StoredRecording): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) if (!key.startsWith('.')) keys.push(key);
  return keys.sort();
}

for (const provider of ['s3', 'oss'] as const) {
  t.test(`${provider}: what the rules name leaves the bucket and its spool`, async (t) => {
    const stored = await partlyUploaded(t, provider);
    if (stored === undefined) return;
    const before = await objects(stored);
    t.ok(before.length > 4 && before.length < segments.length);
    const named = await runInProcess(['prune', '--dry-run', '--json', '--config', stored.config]);
    t.match(named, { code: 0, stderr: '' });
    t.same(await objects(stored), before, 'a dry run changes nothing');
    // Protects the last pictures, which wait in the spool.
    const last = publisher.of('video').at(-1)!;
    const protection = {
      ...{ id: 'a', stream: 'cam1', startUs: last.startUs, endUs: last.endUs, note: '' },
      createdUs: NOON_US,
    };
    const protections = path.join(stored.spool, '.index', 'protections.json');
    await writeFile(protections, JSON.stringify([protection]));

    const done = await runInProcess(['prune', '--json', '--config', stored.config]);
    t.match(done, { code: 0, stderr: '' });
    const [{ segments: count }] = JSON.parse(done.stdout).deleted;
    t.ok(count < JSON.parse(named.stdout).deleted[0].segments);
    const left = await objects(stored);
    const leftSegments = left.filter((key) => key.includes('seg_'));
    t.equal(leftSegments.length, segments.length - count, 'the others are deleted');
    t.ok(left.includes(last.path), 'what is protected is uploaded');
    t.ok(left.includes(last.initPath));
    const manifest = readMpd(await text((await stored.store.get(`${FOLDER}/manifest.mpd`))!.body));
    const tracks = manifest.periods.flatMap(({ video, audio }) => [video, audio]);
    const listed = tracks.reduce((sum, track) => sum + (track?.timeline.count ?? 0), 0);
    t.equal(listed, leftSegments.length, 'and the manifest names it');

    await writeFile(protections, '[]');
    t.match(await runInProcess(['prune', '--config', stored.config]), { code: 0 });
    t.same(await objects(stored), [], 'the day is over, so the folder goes too');
    const again = await runInProcess(['prune', '--config', stored.config]);
    t.match(again, { code: 0, stdout: 'nothing is to be deleted\n' });
  });

  t.test(`${provider}: a bucket that cannot be used`, async (t) => {
    const stored = await partlyUploaded(t, provider, { bucket: 'another-one' });
    if (stored === undefined) return;
    const failed = await runInProcess(['prune', '--config', stored.config]);
    t.match(failed, { code: 2, stderr: /NoSuchBucket/ });
    t.ok((await objects(stored)).length > 4, 'nothing is deleted');
  });
}
