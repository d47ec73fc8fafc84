import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';
import { agree, noDamage } from './agreement.ts';
import { SimulatedNode } from './simulated-node.ts';

t.setTimeout(120_000);

const FOLDER = 'cam1/2026/03/04';

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

t.test(
  'a deletion is told before the index forgets it, and an empty folder tells nothing',
  async (t) => {
    const root = inTestFolder(t, 'root');
    const rules = { maxAgeUs: 600e6 };
    const remembered: number[] = [];
    const node = await SimulatedNode.open(t, root, NOON_US, {
      rules,
      reported: async () => {
        await Promise.resolve();
        remembered.push(node.index.leaving.size);
      },
    });
    node.publish('cam1');
    await node.run(20);
    await node.endAll();
    const { length } = node.rows();
    node.nowUs += 1200e6;
    await node.retention.sweep();
    node.nowUs += 61e6;
    await node.retention.work();
    t.match(node.deleted, [{ segments: length }]);
    t.same(remembered, [length], 'a crash would have told it again');
    t.equal(node.index.leaving.size, 1);
    await node.close();

    const again = await SimulatedNode.open(t, root, node.nowUs, { rules });
    await again.retention.work();
    again.nowUs += 61e6;
    await again.retention.work();
    t.same(again.deleted, [], 'a restart tells nothing');
    again.nowUs += 86_400e6;
    await again.retention.work();
    t.same(again.files(), []);
    t.same(again.deleted, []);
    await again.close();
  },
);

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
