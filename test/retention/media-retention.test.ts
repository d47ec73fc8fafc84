import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { IndexLife } from '../../src/index-rebuild/index-life.ts';
import { folderOf } from '../../src/layout/object-path.ts';
import { type DeletableFiles, filesOnDisk } from '../../src/retention/deletable-files.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { recordingFolders } from '../../src/verification/recording-folders.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';
import { SimulatedNode } from './simulated-node.ts';

t.setTimeout(120_000);

const FOLDER = 'cam1/2026/03/04';

async function noDamage(t: Test, root: string, live: boolean): Promise<void> {
  for await (const folder of recordingFolders(root)) {
    const { findings } = await verifyRecording(folder, { live });
    t.same(
      findings.filter(({ damage }) => damage),
      [],
      folder,
    );
  }
}

/** No file without a row, no row without a file, and a manifest that names them. */
function agree(t: Test, node: SimulatedNode): void {
  const rows = node.rows();
  t.same(node.segmentFiles(), rows, 'files are rows');
  for (const [folder, own] of Map.groupBy(rows, folderOf)) t.same(node.named(folder), own, folder);
}

t.test('what is too old leaves a running recording, which goes on', async (t) => {
  const node = await SimulatedNode.open(t, inTestFolder(t, 'root'), NOON_US, {
    rules: { maxAgeUs: 120e6 },
  });
  node.publish('cam1');
  await node.run(200);
  const before = node.rows();
  const named = await node.retention.dryRun();
  const paths = named.deletions.flatMap(({ segments }) =>
    segments.map((each) => each.segment.path),
  );
  t.ok(paths.length > 50);
  await node.retention.sweep();
  t.same(
    before.filter((file) => !node.rows().includes(file)),
    paths.sort(),
    'the index lists what the dry run left',
  );
  await node.publishers[0]!.recording.written();
  t.same(node.named(FOLDER), node.rows(), 'so does the manifest');
  t.same(node.segmentFiles(), before, 'the files are still there');
  t.ok(node.rows().every((file) => !paths.includes(file)));
  await noDamage(t, node.root, true);
  await node.run(30);
  await node.retention.work();
  t.ok(existsSync(path.join(node.root, paths[0]!)), 'within a minute');
  await node.run(31);
  await node.retention.work();
  for (const file of paths) t.notOk(existsSync(path.join(node.root, file)), file);
  t.same(
    node.deleted.map(({ stream, reason, segments }) => ({ stream, reason, segments })),
    [{ stream: 'cam1', reason: 'max_age', segments: paths.length }],
  );
  t.equal(node.index.leaving.size, 0);
  const first = node.index.segments({ stream: 'cam1', limit: 10 });
  const startOf = (kind: string) => first.find((segment) => segment.kind === kind)!.startUs;
  t.ok(Math.abs(startOf('video') - startOf('audio')) < 2.1e6, 'sound and picture leave together');
  await node.endAll();
  agree(t, node);
  await noDamage(t, node.root, false);
  await node.close();
});

t.test('all of a day leaves, with its folder, when the day is over', async (t) => {
  const root = inTestFolder(t, 'root');
  const node = await SimulatedNode.open(t, root, NOON_US, { rules: { maxAgeUs: 600e6 } });
  node.publish('cam1');
  await node.run(20);
  await node.endAll();
  t.equal(node.catalogue.records('cam1').length, 1);
  node.nowUs += 1200e6;
  await node.retention.sweep();
  t.same(node.rows(), []);
  t.same(node.catalogue.streams(), [], 'its record is gone at once');
  node.nowUs += 61e6;
  await node.retention.work();
  t.same(node.files(), [`${FOLDER}/manifest.mpd`], 'which tells the numbers');

  // A recording goes on in the folder, also after a restart.
  await node.close();
  const again = await SimulatedNode.open(t, root, node.nowUs, { rules: { maxAgeUs: 600e6 } });
  again.publish('cam1');
  await again.run(10);
  await again.endAll();
  const numbers = again.rows().map((file) => Number(/(\d+)\.m4s$/.exec(file)![1]));
  t.ok(Math.min(...numbers) > 10, `numbers go on: ${numbers}`);
  t.match(again.files(), [/audio_init_2\.m4s/], 'also those of initialization segments');
  agree(t, again);
  await noDamage(t, root, false);

  again.nowUs += 1200e6;
  await again.retention.sweep();
  again.nowUs += 61e6;
  await again.retention.work();
  t.same(again.files(), [`${FOLDER}/manifest.mpd`]);
  again.nowUs += 86_400e6;
  await again.retention.work();
  t.same(again.files(), []);
  t.notOk(existsSync(path.join(root, 'cam1')));
  t.equal(again.index.leaving.size, 0);
  await again.close();
});

t.test('a stretch in the middle of what is recorded', async (t) => {
  const node = await SimulatedNode.open(t, inTestFolder(t, 'root'), NOON_US);
  node.publish('cam1');
  await node.run(60);
  const range = [NOON_US + 20e6, NOON_US + 40e6] as const;
  const dry = await node.retention.deleteRange('cam1', ...range, true);
  const done = await node.retention.deleteRange('cam1', ...range, false);
  const pathsOf = (each: typeof dry) =>
    each!.deletions.flatMap(({ segments }) => segments.map(({ segment }) => segment.path));
  t.same(pathsOf(done), pathsOf(dry));
  t.ok(pathsOf(done).length >= 16, `${pathsOf(done).length} segments`);
  await node.retention.work();
  await noDamage(t, node.root, true);
  await node.run(62);
  await node.retention.work();
  await node.endAll();
  agree(t, node);
  await noDamage(t, node.root, false);
  t.equal(node.catalogue.records('cam1').length, 1, 'the record has media');
  await node.close();
});

t.test('what is protected stays, also when a limit cannot be met', async (t) => {
  const node = await SimulatedNode.open(t, inTestFolder(t, 'root'), NOON_US, {
    rules: { maxAgeUs: 60e6, maxBytes: 1000 },
  });
  node.publish('cam1');
  await node.run(60);
  const protection = await node.retention.protect('cam1', NOON_US + 10e6, NOON_US + 20e6, 'theft');
  await node.run(120);
  await node.retention.sweep();
  await node.retention.sweep();
  const kept = node.index.segments({ stream: 'cam1', endUs: NOON_US + 60e6, limit: 1000 });
  t.ok(kept.length >= 10);
  t.ok(
    kept.every(({ startUs, endUs }) => startUs < NOON_US + 20e6 && endUs > NOON_US + 10e6 - 3e6),
  );
  const unmet = node.logged.filter(({ level }) => level === 'error');
  t.equal(unmet.length, 1, 'told once');
  t.match(unmet[0], { message: /max_size cannot be met/, fields: { rule: 'max_size' } });
  t.equal(node.retention.figures.unmetLimits, 1);
  const { kept: left } = (await node.retention.deleteRange(
    'cam1',
    NOON_US,
    NOON_US + 60e6,
    false,
  ))!;
  t.ok(left.protected!.length >= 5);
  await node.retention.unprotect(protection.id);
  await node.retention.sweep();
  t.same(node.index.segments({ stream: 'cam1', endUs: NOON_US + 60e6, limit: 1000 }), []);
  await node.run(61);
  await node.retention.work();
  await node.endAll();
  agree(t, node);
  await node.close();
});

t.test('files that somebody begins to read while their rows are marked', async (t) => {
  const node = await SimulatedNode.open(t, inTestFolder(t, 'root'), NOON_US, {
    rules: { maxAgeUs: 60e6 },
  });
  node.publish('cam1');
  await node.run(120);
  const before = node.segmentFiles();
  await node.retention.sweep();
  const reading = [{ stream: 'cam1', startUs: NOON_US, endUs: NOON_US + 10e6 }];
  node.retention.holds.add(() => reading);
  await node.run(62);
  await node.retention.work();
  t.ok(
    before.every((file) => existsSync(path.join(node.root, file))),
    'none is deleted',
  );
  reading.pop();
  await node.retention.work();
  t.notOk(existsSync(path.join(node.root, before[0]!)), 'before it has been read');
  await node.endAll();
  agree(t, node);
  await node.close();
});

t.test('rules that come while the recorder runs', async (t) => {
  const completing: ((isWhole: boolean) => void)[] = [];
  const node = await SimulatedNode.open(t, inTestFolder(t, 'root'), NOON_US, {
    completeIndex: () => new Promise((resolve) => completing.push(resolve)),
  });
  node.publish('cam1');
  await node.run(200);
  const before = node.rows().length;
  const rules = (maxAgeUs: number) => ({ maxAgeUs, streams: [], graceSeconds: 60 });
  const settled = async (isWhole: boolean) => {
    completing.pop()!(isWhole);
    await new Promise((resolve) => setImmediate(resolve));
    await node.retention.sweep();
  };
  node.retention.apply(rules(120e6));
  await node.retention.sweep();
  t.equal(node.rows().length, before, 'the oldest segments may not be known');
  await settled(false);
  t.equal(node.rows().length, before, 'nor are they now');
  t.match(node.logged, [
    { level: 'info', message: /once the index has all recordings/ },
    { level: 'error', message: /the next reload or start tries again/ },
  ]);
  node.retention.apply(rules(120e6));
  node.retention.apply(rules(150e6));
  t.equal(completing.length, 1, 'the index is completed once');
  await settled(true);
  const left = node.rows().length;
  t.ok(left < before, 'they are known');
  const [first] = node.index.segments({ stream: 'cam1', limit: 1 });
  t.ok(node.nowUs - first!.endUs > 140e6, 'the latest rules are in force');
  node.retention.apply(rules(60e6));
  await node.retention.sweep();
  t.ok(node.rows().length < left, 'later ones are at once');
  await node.close();
});

/** Deletes files until it has deleted so many, and fails from then on. */
function failingAfter(root: string, count: number): DeletableFiles {
  const files = filesOnDisk(root);
  let left = count;
  return {
    ...files,
    async remove(folder, paths) {
      const some = paths.slice(0, left);
      left -= some.length;
      await files.remove(folder, some);
      return new Error('no more');
    },
  };
}

for (const deletedFiles of [0, 17, 1e6]) {
  t.test(`an end after ${deletedFiles} files were deleted`, async (t) => {
    const root = inTestFolder(t, 'root');
    const options = { rules: { maxAgeUs: 120e6 } };
    const first = await SimulatedNode.open(t, root, NOON_US, {
      ...options,
      files: failingAfter(root, deletedFiles),
    });
    first.publish('cam1');
    await first.run(200);
    await first.endAll();
    await first.retention.sweep();
    const leaving = first.index.leaving.all().map(({ segment }) => segment.path);
    t.ok(leaving.length > 20);
    const rows = first.rows();
    first.nowUs += 61e6;
    await first.retention.work();
    t.match(first.logged, [{ level: 'warn', fields: { reason: 'no more' } }]);
    await noDamage(t, root, false);
    await first.index.compact();
    await first.close();

    // As at a start: what is recovered must not be what is being deleted.
    const second = await SimulatedNode.open(t, root, first.nowUs, options);
    await second.recover();
    t.same(second.rows(), rows);
    t.same(
      second.index.leaving.all().map(({ segment }) => segment.path),
      leaving,
    );
    await second.retention.work();
    await noDamage(t, root, false);
    second.nowUs += 61e6;
    await second.retention.work();
    t.same(second.index.leaving.size, 0);
    agree(t, second);
    await noDamage(t, root, false);
    await second.close();
  });
}

t.test('an index that was lost after a folder was emptied', async (t) => {
  const root = inTestFolder(t, 'root');
  const rules = { maxAgeUs: 600e6 };
  const first = await SimulatedNode.open(t, root, NOON_US, { rules });
  first.publish('cam1');
  await first.run(20);
  await first.endAll();
  first.nowUs += 1200e6;
  await first.retention.sweep();
  first.nowUs += 61e6;
  await first.retention.work();
  t.same(first.files(), [`${FOLDER}/manifest.mpd`]);
  await first.close();
  rmSync(path.join(root, '.index', 'segments.jsonl'));

  const node = await SimulatedNode.open(t, root, first.nowUs, { rules });
  // While retention is at work already, as in the service.
  await node.completeIndex();
  await node.completeIndex();
  t.equal(node.index.leaving.size, 1, 'one of its segments stands for it');
  await node.retention.work();
  node.nowUs += 61e6;
  await node.retention.work();
  t.same(node.files(), [`${FOLDER}/manifest.mpd`], 'its day is not over');
  node.nowUs += 86_400e6;
  await node.retention.work();
  t.same(node.files(), []);
  t.notOk(existsSync(path.join(root, 'cam1')));
  t.equal(node.index.leaving.size, 0);
  t.same(node.deleted, [], 'no deletion is told twice');
  await node.close();
});

t.test('an index that was lost while files were being deleted', async (t) => {
  const root = inTestFolder(t, 'root');
  const first = await SimulatedNode.open(t, root, NOON_US, {
    rules: { maxAgeUs: 120e6 },
    files: failingAfter(root, 5),
  });
  first.publish('cam1');
  await first.run(200);
  await first.endAll();
  await first.retention.sweep();
  const rows = first.rows();
  first.nowUs += 61e6;
  await first.retention.work();
  await first.close();
  rmSync(path.join(root, '.index', 'segments.jsonl'));

  const life = await IndexLife.open({
    indexPath: path.join(root, '.index', 'segments.jsonl'),
    nodeAlias: 'node',
    retentionDays: 0,
    resumeGraceSeconds: 30,
    log: { info() {}, warn() {}, error() {} },
    now: () => first.nowUs,
  });
  await life.complete({ reader: folderReader(root) });
  t.same(
    life.index
      .segments({ limit: 1e6 })
      .map((each) => each.path)
      .sort(),
    rows,
  );
  const left = first.segmentFiles().filter((file) => !rows.includes(file));
  t.ok(left.length > 20);
  t.same(
    life.index.leaving
      .all()
      .map(({ segment }) => segment.path)
      .sort(),
    left,
    'what is left of the others is deleted',
  );
  await life.close();
});
