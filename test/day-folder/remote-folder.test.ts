import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import type { RemoteFolders, StoredFolder } from '../../src/day-folder/remote-folder.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import { readMpd } from '../media/read-mpd.ts';
import { NOON_US, SimulatedPublisher } from '../recording/simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const REPORTS = { videoReportUs: 0, audioReportUs: 0 };

/** What a recording tells and asks of a store, in the order in which it does. */
class Remote implements RemoteFolders {
  readonly asked: [string, boolean][] = [];
  readonly told: string[] = [];
  answer: StoredFolder | undefined = {
    manifest: undefined,
    numbers: { seg: { video: 0, audio: 0 }, init: { video: 0, audio: 0 } },
  };
  /** Called with what a manifest names first, while it is told. */
  onNamed: (segments: string[]) => void = () => {};

  async stored(folder: string, hasManifest: boolean): Promise<StoredFolder | undefined> {
    this.asked.push([folder, hasManifest]);
    return this.answer;
  }

  readonly onFact = (fact: RecordingFact): void => {
    if (fact.type !== 'initialization' && fact.type !== 'manifest') return;
    this.told.push(fact.path);
    if (fact.type === 'manifest') this.onNamed(fact.segments);
  };
}

t.test('a segment is let go once the manifest on the disk names it, and each once', async (t) => {
  const remote = new Remote();
  const { onFact } = remote;
  const publisher = new SimulatedPublisher(t, { ...REPORTS, recording: { remote, onFact } });
  const named: string[] = [];
  const texts: Promise<void>[] = [];
  remote.onNamed = (segments) => {
    for (const segment of segments) {
      t.ok(
        publisher.segments.some((known) => known.path === segment),
        'announced before',
      );
    }
    named.push(...segments);
    const all = [...named];
    const file = path.join(publisher.root, FOLDER, 'manifest.mpd');
    texts.push(
      readFile(file, 'utf8').then((text) => {
        const sets = readMpd(text).periods.flatMap(({ adaptationSets }) => adaptationSets);
        const listed = sets.flatMap((set) => set.segments.map((s) => `${FOLDER}/${s.file}`));
        for (const segment of all) t.ok(listed.includes(segment), `${segment} is named`);
      }),
    );
  };
  await publisher.run(9);
  await publisher.recording.written();
  t.ok(named.length < publisher.segments.length || named.length > 0);
  await publisher.recording.close();
  await Promise.all(texts);
  t.same(named.toSorted(), publisher.segments.map((segment) => segment.path).sort());
  t.same(remote.asked, [[FOLDER, false]]);
  t.same(remote.told.slice(0, 2).sort(), [`${FOLDER}/audio_init.m4s`, `${FOLDER}/init.m4s`]);
});

t.test('numbers go on from what the store has, with nothing of it on the disk', async (t) => {
  const before = new SimulatedPublisher(t, REPORTS);
  await before.run(5);
  await before.recording.close();
  const file = path.join(before.root, FOLDER, 'manifest.mpd');
  const manifest = await readFile(file, 'utf8');
  await rm(before.root, { recursive: true });

  const remote = new Remote();
  // One segment more than the manifest names: it was stored just before the disk was lost.
  const last = before.of('video').length + 1;
  remote.answer = {
    manifest,
    numbers: { seg: { video: last, audio: 0 }, init: { video: 1, audio: 1 } },
  };
  const startUs = NOON_US + 60e6;
  const options = { ...REPORTS, startUs, recording: { remote } };
  const after = new SimulatedPublisher(t, options, before.root);
  await after.run(5);
  await after.recording.close();
  const number = (name: string) => Number(/(\d+)\.m4s$/.exec(name)![1]);
  t.equal(number(after.of('video')[0]!.path), last + 1);
  t.equal(number(after.of('audio')[0]!.path), before.of('audio').length + 1);
  t.equal(after.of('video')[0]!.initPath, `${FOLDER}/init_2.m4s`);
  const mpd = readMpd(await readFile(file, 'utf8'));
  t.equal(mpd.periods.length, 2, 'and so does the manifest');
});

t.test('where nothing is known, numbers begin beyond all that can be taken', async (t) => {
  const remote = new Remote();
  remote.answer = undefined;
  const first = new SimulatedPublisher(t, { ...REPORTS, recording: { remote } });
  await first.run(5);
  await first.recording.close();
  const number = (name: string) => Number(/(\d+)\.m4s$/.exec(name)![1]);
  const noon = 12 * 3600 * 10;
  for (const name of [first.of('video')[0]!.path, first.of('audio')[0]!.initPath]) {
    // Tenths of seconds of the day, at the moment when the folder is opened.
    t.ok(number(name) > noon && number(name) <= noon + 60, name);
  }

  const options = { ...REPORTS, startUs: NOON_US + 60e6, recording: { remote } };
  const second = new SimulatedPublisher(t, options, first.root);
  await second.run(5);
  await second.recording.close();
  t.equal(
    number(second.of('video')[0]!.path),
    number(first.of('video').at(-1)!.path) + 1,
    'with the manifest here they just go on',
  );
  t.same(remote.asked, [
    [FOLDER, false],
    [FOLDER, true],
  ]);
});
