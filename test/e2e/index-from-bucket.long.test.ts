import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { periodsMissing } from '../../src/manifest/merge.ts';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { runMain } from '../commands/run-main.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { type SegmentRow, segmentPage, storageState } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { type StoredRecording, storedRecording } from '../server/stored-recording.ts';
import { until } from '../server/until.ts';
import { FOLDER, recordTwoPeriods } from '../verification/damaged-recording.ts';

// Building the server takes a while the first time.
t.setTimeout(600_000);

const publisher = await recordTwoPeriods(t);
const day = path.join(publisher.root, FOLDER);
const manifest = await readFile(path.join(day, 'manifest.mpd'), 'utf8');

/** The index as the recording left it, without cursors and what uploads make of it. */
const recorded = publisher.segments
  .map(({ stream, kind, startUs, endUs, path, initPath, isKeyframe, keyframes, codec, size }) => ({
    ...{ node_alias: 'node', stream, kind, start_ts: startUs, end_ts: endUs },
    duration_ms: Math.round((endUs - startUs) / 1000),
    ...{ path, init_path: initPath, is_keyframe: isKeyframe, keyframes, codec, size },
  }))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

/** Segments of the second Period. */
const late = publisher.segments
  .filter(({ startUs }) => startUs > NOON_US + 12e6)
  .map((segment) => path.basename(segment.path));

async function start(
  t: Test,
  { storage, spool: root }: StoredRecording,
  flags: string[] = [],
): Promise<RecorderProcess> {
  const recorder = { node_alias: 'node', index_retention_days: 0 };
  return startRecorder(t, { storage, root, recorder, flags });
}

async function rows(url: string): Promise<SegmentRow[]> {
  return (await segmentPage(url, { limit: 1000 })).segments;
}

/** Holds the index of a running recorder against the one before, and `uploaded` against the files. */
async function isAsBefore(t: Test, found: SegmentRow[], waiting: string[]): Promise<void> {
  const inOrder = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  t.strictSame(
    inOrder.map(({ created_at, uploaded, ...row }) => row),
    recorded,
  );
  const notUploaded = inOrder.filter(({ uploaded }) => !uploaded);
  t.strictSame(
    notUploaded.map((row) => path.basename(row.path)),
    waiting.toSorted(),
    'what waits',
  );
  t.ok(inOrder.every((row) => row.created_at > row.end_ts));
}

/** Waits for an index with all segments, and with those that are in the bucket known to be. */
function complete({ url }: RecorderProcess, waiting: number): Promise<SegmentRow[]> {
  return until('the index is complete', async () => {
    const found = await rows(url);
    const left = found.filter(({ uploaded }) => !uploaded).length;
    return found.length === recorded.length && left <= waiting && found;
  });
}

/** A bucket with the first Period, and a spool with the second one and a file that both have. */
async function partlyUploaded(t: Test): Promise<StoredRecording | undefined> {
  const stored = await storedRecording(t, publisher.root);
  if (stored === undefined) return undefined;
  if (stored === undefined) return t.end() as never;
  const all = await readdir(day);
  const early = all.filter((name) => name.includes('seg_') && !late.includes(name));
  await stored.upload([...early, ...all.filter((name) => name.includes('init'))]);
  const mpd = readMpd(manifest);
  const first = { ...mpd, periods: mpd.periods.slice(0, 1) };
  await stored.store.put(
    `${FOLDER}/manifest.mpd`,
    Buffer.from(writeMpd(first, { nowUs: NOON_US })),
    { contentType: 'application/dash+xml' },
  );
  // Uploaded, and a crash came before it could leave.
  await stored.leave(early.sort().slice(1));
  // Reading goes on, and nothing can be uploaded.
  stored.proxy.fault = ({ method }) =>
    method === 'PUT' ? { status: 503, code: 'SlowDown' } : undefined;
  return stored;
}

/** Lets the uploads go on, and waits for what they have to bring about. */
async function isUploaded(t: Test, { url }: RecorderProcess, stored: StoredRecording) {
  stored.proxy.fault = () => undefined;
  await until('everything is uploaded', async () => {
    return (await storageState(url)).waiting_files === 0;
  });
  await isAsBefore(t, await rows(url), []);
  const reading = await stored.store.get(`${FOLDER}/manifest.mpd`);
  const text = (await reading!.body.toArray()).join('');
  t.strictSame(periodsMissing(readMpd(manifest), readMpd(text)), [], 'the manifest names it all');
}

t.test('at the start, with the disk lost', async (t) => {
  const stored = await storedRecording(t, publisher.root);
  if (stored === undefined) return;
  await stored.upload();
  await rm(stored.spool, { recursive: true });
  const recorder = await start(t, stored);
  const found = await complete(recorder, 0);
  await isAsBefore(t, found, []);
  t.equal(existsSync(path.join(stored.spool, 'cam1')), false, 'nothing was brought back');
  t.equal(await recorder.stop(), 0);
  const again = await start(t, stored);
  t.strictSame(await rows(again.url), found, 'and is not told again');
  t.match(await runMain(['verify', stored.spool]), { code: 2, stderr: /is the spool of s3:/ });
});

t.test('at the start, with the index lost and the spool partly uploaded', async (t) => {
  const stored = await partlyUploaded(t);
  if (stored === undefined) return;
  const recorder = await start(t, stored, ['--offline']);
  await isAsBefore(t, await complete(recorder, late.length), late);
  await isUploaded(t, recorder, stored);
  t.equal(await recorder.stop(), 0);
  t.match(await runMain(['verify', '--config', stored.config]), { code: 0 });
});

t.test('by reindex', async (t) => {
  const stored = await partlyUploaded(t);
  if (stored === undefined) return;
  const reindex = () => runMain(['reindex', '--config', stored.config]);
  const expected = {
    code: 0,
    stderr: '',
    stdout: /^1 recordings: 16 segments listed, [01] records added\n/,
  };
  t.match(await reindex(), expected);
  const recorder = await start(t, stored, ['--offline']);
  await isAsBefore(t, await complete(recorder, late.length), late);
  await isUploaded(t, recorder, stored);
  t.equal(await recorder.stop(), 0);

  t.match(await reindex(), expected, 'also when most has left the disk');
  await rm(path.join(stored.spool, 'cam1'), { recursive: true, force: true });
  t.match(await reindex(), expected, 'and all of it');
  const again = await start(t, stored);
  await isAsBefore(t, await rows(again.url), []);
  t.equal(await again.stop(), 0);

  stored.proxy.fault = () => ({ status: 403, code: 'AccessDenied' });
  const journal = path.join(stored.spool, '.index/segments.jsonl');
  const before = await readFile(journal);
  t.match(await reindex(), { code: 2, stderr: /^reindex: .*AccessDenied/ });
  t.same(await readFile(journal), before, 'the index is not lost to a bucket that is away');
});
