import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { IndexLife } from '../../src/index-rebuild/index-life.ts';
import { type DeletableFiles, filesOnDisk } from '../../src/retention/deletable-files.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';
import { agree, noDamage } from './agreement.ts';
import { SimulatedNode } from './simulated-node.ts';

const FOLDER = 'cam1/2026/03/04';

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
