import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { IndexLife, type IndexLifeOptions } from '../../src/index-rebuild/index-life.ts';
import type { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';
import { FOLDER, recordTwoPeriods } from '../verification/damaged-recording.ts';

const publisher = await recordTwoPeriods(t);
const recorded = { reader: folderReader(publisher.root) };
const LATER = NOON_US + 86_400e6;
let count = 0;

async function open(t: Test, options: Partial<IndexLifeOptions> = {}) {
  const warnings: string[] = [];
  const log = {
    info() {},
    warn: (_: object, message: string) => void warnings.push(message),
    error: (_: object, message: string) => void warnings.push(message),
  };
  const indexPath = path.join(inTestFolder(t, `life-${count++}`), 'segments.jsonl');
  const life = await IndexLife.open({
    indexPath,
    nodeAlias: 'node',
    retentionDays: 30,
    resumeGraceSeconds: 5,
    log,
    now: () => LATER,
    ...options,
  });
  t.teardown(() => life.close());
  return { life, indexPath: options.indexPath ?? indexPath, warnings };
}

/** An index and a catalogue as the recording left them. */
async function written(t: Test): Promise<{ indexPath: string; folder: string }> {
  const { life, indexPath } = await open(t);
  for (const segment of publisher.segments) await life.index.add(segment);
  for (const record of publisher.records) await life.catalogue.put(record);
  await life.close();
  for (const journal of ['segments.jsonl', 'records.jsonl']) {
    await rm(path.join(path.dirname(indexPath), `${journal}.incomplete`));
  }
  return { indexPath, folder: path.dirname(indexPath) };
}

function paths(index: SegmentIndex): string[] {
  const { segments } = JSON.parse(index.page({ limit: 1000 }).toString());
  return segments.map((segment: { path: string }) => segment.path).sort();
}

const all = publisher.segments.map((segment) => segment.path).sort();

t.test('a whole journal is left as it is', async (t) => {
  const { indexPath, folder } = await written(t);
  const before = await readFile(indexPath, 'utf8');
  const { life, warnings } = await open(t, { indexPath });
  await life.prepare(recorded.reader);
  life.start(recorded);
  await life.close();
  t.equal(await readFile(indexPath, 'utf8'), before);
  t.same((await readdir(folder)).sort(), ['records.jsonl', 'segments.jsonl']);
  t.same(warnings, []);
});

t.test('a lost journal is written anew, while the service runs', async (t) => {
  const { indexPath } = await written(t);
  await rm(indexPath);
  const { life } = await open(t, { indexPath });
  await life.prepare(recorded.reader);
  t.same(paths(life.index), [], 'which does not hold up the start');
  life.start(recorded);
  while (life.index.size < all.length) await life.index.waitForNewer({ limit: 1 }, 10);
  t.same(paths(life.index), all);
  await life.close();
});

t.test('what a record that goes on ends with is known before it is ended', async (t) => {
  const { indexPath } = await written(t);
  const opened = await open(t, { indexPath });
  const [begun] = publisher.records;
  await opened.life.catalogue.put({ ...begun!, recordId: '1772625999', status: 'Active' });
  await opened.life.close();
  await rm(indexPath);
  const { life } = await open(t, { indexPath });
  await life.prepare(recorded.reader);
  t.match(life.index.folders(), [{ folder: FOLDER, segments: all.length }]);
});

t.test('lines that cannot be read are taken from the recordings', async (t) => {
  const { indexPath, folder } = await written(t);
  const bytes = await readFile(indexPath);
  const lines = bytes.toString().split('\n');
  bytes[lines[0]!.length + lines[1]!.length + 40]! ^= 1;
  await writeFile(indexPath, bytes);
  const { life, warnings } = await open(t, { indexPath });
  const lost = all.filter((file) => !paths(life.index).includes(file));
  t.equal(lost.length, 1);
  const cursor = JSON.parse(life.index.page({ limit: 1000 }).toString()).last_ts;
  const result = await life.complete(recorded);
  t.match(result, { segments: 1, records: 0 });
  t.same(paths(life.index), all);
  const { segments } = JSON.parse(life.index.page({ sinceTs: cursor, limit: 1000 }).toString());
  t.same(
    segments.map((segment: { path: string }) => segment.path),
    lost,
    'who follows the index hears of that one alone',
  );
  await life.close();
  const kept = (await readdir(folder)).filter((name) => name.includes('.kept-'));
  t.equal(kept.length, 1);
  t.same(await readFile(path.join(folder, kept[0]!)), bytes, 'the damaged one is kept');
  t.match(warnings, [/skipped damaged lines/, /damaged; a copy was kept/]);
  const again = await open(t, { indexPath });
  t.same(again.warnings, [], 'and the new one is whole');
  t.same(paths(again.life.index), all);
});

t.test('a journal of zeros, as a power cut leaves it, counts as lost', async (t) => {
  for (const journal of ['segments.jsonl', 'records.jsonl']) {
    const { indexPath, folder } = await written(t);
    await writeFile(path.join(folder, journal), Buffer.alloc(5000));
    const { life, warnings } = await open(t, { indexPath });
    t.match(warnings, [/cannot be read; it was renamed/]);
    await life.complete(recorded);
    t.same(paths(life.index), all);
    t.ok(life.catalogue.records('cam1').length > 0);
    const kept = (await readdir(folder)).filter((name) => name.startsWith(`${journal}.kept-`));
    t.same(await readFile(path.join(folder, kept[0]!)), Buffer.alloc(5000));
  }
});

t.test('a file of somebody else is refused and left alone', async (t) => {
  const { indexPath } = await written(t);
  await writeFile(indexPath, 'ten lines\nof poetry\n');
  await t.rejects(open(t, { indexPath }), { message: /is not a segment journal/ });
  t.equal(await readFile(indexPath, 'utf8'), 'ten lines\nof poetry\n');
});

t.test('what was interrupted goes on at the next start', async (t) => {
  const { indexPath, folder } = await written(t);
  await rm(indexPath);
  const first = await open(t, { indexPath });
  await first.life.close();
  t.ok((await readdir(folder)).includes('segments.jsonl.incomplete'));
  const { life } = await open(t, { indexPath });
  life.start(recorded);
  while (life.index.size < all.length) await life.index.waitForNewer({ limit: 1 }, 10);
  await life.close();
  const last = await open(t, { indexPath });
  t.same(paths(last.life.index), all);
});

t.test('rows that were dropped come back when rules are to delete their files', async (t) => {
  const { indexPath, folder } = await written(t);
  let nowUs = NOON_US;
  const { life, warnings } = await open(t, { indexPath, retentionDays: 1, now: () => nowUs });
  // They were recorded after the start.
  t.same(paths(life.index), all);
  nowUs += 25 * 3_600e6;
  life.start(recorded);
  while (life.index.size > 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(await life.keepRows(), true);
  t.same(paths(life.index), all);
  await life.close();
  t.ok((await readdir(folder)).includes('segments.jsonl.whole'), 'nothing is missing at the next');
  t.same(warnings, []);
});

t.test('recordings that cannot be read at first', async (t) => {
  const { indexPath } = await written(t);
  let nowUs = NOON_US;
  const { life, warnings } = await open(t, { indexPath, retentionDays: 1, now: () => nowUs });
  nowUs += 25 * 3_600e6;
  const reader = folderReader(publisher.root);
  const { folders } = reader;
  reader.folders = () => {
    throw new Error('no such disk');
  };
  life.start({ reader });
  while (life.index.size > 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(await life.keepRows(), false);
  t.match(warnings, ['the index could not be completed; the next start tries again']);
  reader.folders = folders;
  t.equal(await life.keepRows(), true, 'another attempt');
  t.same(paths(life.index), all);
  const unstarted = await open(t);
  const keeping = unstarted.life.keepRows();
  await unstarted.life.close();
  t.equal(await keeping, false, 'a service that did not start');
});

t.test('rules that come before the start has ended', async (t) => {
  const { indexPath } = await written(t);
  const now = () => LATER + 3_600e6;
  const { life } = await open(t, { indexPath, retentionDays: 1, now });
  const keeping = life.keepRows();
  await new Promise((resolve) => setImmediate(resolve));
  life.start(recorded);
  t.equal(await keeping, true);
  t.same(paths(life.index), all, 'no row is dropped any more');
  await life.close();
});

t.test('what cannot be read is told, and holds up nothing', async (t) => {
  const { life, warnings } = await open(t);
  const reader = folderReader('/dev/null/nowhere');
  reader.folders = () => {
    throw new Error('no such disk');
  };
  await life.prepare(reader);
  life.start({ reader });
  await life.close();
  t.match(warnings, [
    /cannot read the recordings/,
    /could not be completed; the next start tries again/,
  ]);
});
