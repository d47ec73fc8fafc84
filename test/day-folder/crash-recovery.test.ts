import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { recoverAfterCrash } from '../../src/day-folder/crash-recovery.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import type { Segment } from '../../src/facts/segment.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { readMpd } from '../media/read-mpd.ts';
import { NOON_US, SimulatedPublisher } from '../recording/simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const silent = { info() {}, warn() {}, error() {} };

t.test('a start after a crash closes what was left open, once', async (t) => {
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  await publisher.run(7.5);
  await publisher.recording.written();
  const root = path.join(t.testdirName, 'crashed');
  await cp(publisher.root, root, { recursive: true });
  await cp(path.join(publisher.root, 'cam1'), path.join(root, 'base/a%2Fb'), { recursive: true });
  await publisher.recording.close();

  const segments: Segment[] = [];
  const options = {
    root,
    streamOf: (folder: string) => (folder === FOLDER ? 'the index knows' : undefined),
    isKnown: () => true,
    indexedUs: Number.POSITIVE_INFINITY,
    nowUs: NOON_US + 86_400e6,
    onFact: (fact: RecordingFact) => {
      if (fact.type === 'segment') segments.push(fact.segment);
    },
    log: silent,
  };
  t.same((await recoverAfterCrash(options)).sort(), [`base/a%2Fb/2026/03/04`, FOLDER]);
  t.same(new Set(segments.map((segment) => segment.stream)), new Set(['the index knows', 'a/b']));
  for (const folder of [FOLDER, 'base/a%2Fb/2026/03/04']) {
    const files = await readdir(path.join(root, folder));
    t.same(
      files.filter((file) => file.endsWith('.part')),
      [],
    );
    const mpd = readMpd(await readFile(path.join(root, folder, 'manifest.mpd'), 'utf8'));
    t.equal(mpd.type, 'static');
    const listed = mpd.periods.flatMap((period) =>
      period.adaptationSets.flatMap((s) => s.segments),
    );
    t.equal(listed.length, files.filter((file) => /seg_\d+\.m4s$/.test(file)).length);
  }
  t.same(await recoverAfterCrash(options), [], 'nothing is left to do');
});

t.test('a manifest that is far behind loses nothing, and no Period is torn', async (t) => {
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  for (const _ of [1, 2, 3]) {
    await publisher.run(4);
    await publisher.recording.written();
  }
  const early = await readFile(path.join(publisher.root, FOLDER, 'manifest.mpd'));
  await publisher.run(60);
  await publisher.recording.written();
  const root = path.join(t.testdirName, 'crashed');
  const folder = path.join(root, FOLDER);
  await cp(publisher.root, root, { recursive: true });
  await publisher.recording.close();
  await writeFile(path.join(folder, 'manifest.mpd'), early);
  const before = await verifyRecording(folder, { live: true });
  const unlisted = before.findings.filter(({ file }) => /seg_\d+\.m4s$/.test(file ?? ''));
  t.ok(unlisted.length > 50, `${unlisted.length} segments are not in the manifest`);
  t.same(
    before.findings.filter(({ damage }) => damage),
    [],
  );

  const announced: string[] = [];
  await recoverAfterCrash({
    ...{ root, streamOf: () => undefined, isKnown: () => true, log: silent },
    ...{ indexedUs: Number.POSITIVE_INFINITY, nowUs: NOON_US + 3600e6 },
    onFact: (fact) => {
      if (fact.type === 'segment') announced.push(fact.segment.path);
    },
  });
  t.ok(announced.length > 50);
  for (const prefix of ['/seg', '/audio']) {
    const ofKind = announced.filter((each) => each.includes(prefix));
    t.same(ofKind, ofKind.toSorted(), 'in the order of their numbers');
  }
  const { findings, periods } = await verifyRecording(folder);
  t.same(findings, []);
  t.equal(periods.length, 1);
});

t.test('an old folder and an empty root are left alone', async (t) => {
  const root = t.testdir({ cam1: { 2020: { '01': { '01': { 'seg_0001.m4s.part': 'x' } } } } });
  const options = {
    root,
    streamOf: () => undefined,
    isKnown: () => true,
    indexedUs: Number.POSITIVE_INFINITY,
    nowUs: NOON_US,
    onFact() {},
    log: silent,
  };
  t.same(await recoverAfterCrash(options), []);
});

t.test('the index hears of what only the manifest knew, once', async (t) => {
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  await publisher.run(13);
  await publisher.recording.close();
  const told = publisher.segments;
  t.ok(told.length >= 12);
  // The crash came after the manifest was written, and before the journal had the last segments.
  const known = new Set(told.slice(0, -5).map(({ path }) => path));
  const found: Segment[] = [];
  const options = {
    root: publisher.root,
    streamOf: () => undefined,
    isKnown: (path: string) => known.has(path),
    indexedUs: Date.now() * 1000,
    nowUs: NOON_US + 3600e6,
    onFact: (fact: RecordingFact) => {
      if (fact.type !== 'segment') return;
      known.add(fact.segment.path);
      found.push(fact.segment);
    },
    log: silent,
  };
  await recoverAfterCrash(options);
  const byPath = (a: Segment, b: Segment) => (a.path < b.path ? -1 : 1);
  // Why its Period began is the one thing that no file says.
  const sayable = told.slice(-5).map(({ periodReason, ...segment }) => segment);
  t.same(found.toSorted(byPath), sayable.toSorted(byPath), 'just as it was told before');
  await recoverAfterCrash(options);
  t.equal(found.length, 5);
});
