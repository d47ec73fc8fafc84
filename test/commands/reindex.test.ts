import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { copyRecording, recordTwoPeriods } from '../verification/damaged-recording.ts';
import { runInProcess } from './run-main.ts';

const publisher = await recordTwoPeriods(t);
const log = { warn() {} };

/** A storage root with an index of its recordings, and a configuration for it. */
async function indexed(t: Test, name: string) {
  const root = path.join(await copyRecording(t, publisher.root, name), '../../../..');
  const config = path.join(root, 'live777.toml');
  await writeFile(
    config,
    `[recorder]\nindex_retention_days = 0\n[recorder.storage]\nroot = ${JSON.stringify(root)}\n`,
  );
  const indexPath = path.join(root, '.index/segments.jsonl');
  const index = await openIndex(indexPath);
  for (const segment of publisher.segments) await index.add(segment);
  return { root, config, indexPath, index };
}

function openIndex(journalPath: string): Promise<SegmentIndex> {
  return SegmentIndex.open({ journalPath, nodeAlias: 'node', log });
}

function rows(index: SegmentIndex): Record<string, number>[] {
  return JSON.parse(index.page({ limit: 1000 }).toString()).segments;
}

function withoutCursors(index: SegmentIndex): string[] {
  return rows(index)
    .map(({ created_at, ...row }) => JSON.stringify(row))
    .sort();
}

t.test('the index from the files is the same, under later cursors', async (t) => {
  const { root, config, indexPath, index } = await indexed(t, 'whole');
  const before = withoutCursors(index);
  const last = rows(index).at(-1)!.created_at!;
  await index.close();
  const journal = await readFile(indexPath);
  const { code, stdout, stderr } = await runInProcess(['reindex', '--config', config]);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(stdout, /^1 recordings: 16 segments listed, 1 records added\n/);
  const after = await openIndex(indexPath);
  t.teardown(() => after.close());
  t.strictSame(withoutCursors(after), before);
  t.ok(rows(after).every((row) => row.created_at! > last));
  const [kept, ...others] = (await readdir(path.join(root, '.index'))).filter((name) =>
    name.startsWith('segments.jsonl.kept-'),
  );
  t.same(others, []);
  t.same(await readFile(path.join(root, '.index', kept!)), journal, 'the old one is kept');
  t.match(stdout, new RegExp(`^the old index is kept at .*${kept}$`, 'm'));
});

t.test('a segment that is gone is listed no more', async (t) => {
  const { root, config, indexPath, index } = await indexed(t, 'gone');
  await index.close();
  await rm(path.join(root, 'cam1/2026/03/04/seg_0003.m4s'));
  t.equal((await runInProcess(['reindex', '-c', config])).code, 0);
  const after = await openIndex(indexPath);
  t.teardown(() => after.close());
  t.equal(after.size, publisher.segments.length - 1);
  t.notOk(after.has('cam1/2026/03/04/seg_0003.m4s'));
});

t.test('not beside a running recorder, and not without a configuration', async (t) => {
  const { config, index } = await indexed(t, 'running');
  const beside = await runInProcess(['reindex', '--config', config]);
  await index.close();
  t.equal(beside.code, 2);
  t.match(beside.stderr, /^reindex: the segment index is in use by process \d+/);
  const nowhere = await runInProcess(['reindex', '--config', 'nowhere.toml']);
  t.equal(nowhere.code, 2);
  t.match(nowhere.stderr, /nowhere\.toml: no such file/);
  t.match(
    (await runInProcess(['reindex', 'recordings'])).stderr,
    /^reindex takes no argument "recordings"/,
  );
  t.match((await runInProcess(['reindex', '--help'])).stdout, /^Usage: live777-recorder reindex/);
});
