import { cp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { recoverAfterCrash } from '../../src/day-folder/crash-recovery.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import type { Segment } from '../../src/facts/segment.ts';
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
