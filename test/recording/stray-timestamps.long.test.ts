import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { TIMESCALE } from '../../src/media/media-time.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { NOON_US, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const REPORTS = { videoReportUs: 0, audioReportUs: 0 };
const KINDS = ['video', 'audio'] as const;

const STRAYS: [string, number][] = [
  ['an hour ahead', 3600],
  ['an hour back', -3600],
  ['half of the circle', 2 ** 31 / 90_000],
  ['six seconds ahead', 6],
  ['three seconds ahead', 3],
  ['three seconds back', -3],
  ['0.8 s ahead', 0.8],
  ['0.8 s back', -0.8],
];

/** Which units are stray, of a run of ten seconds. */
const places: [string, (kind: TrackKind, index: number) => boolean][] = [
  ['the very first one', (_, index) => index === 0],
  ['the second one', (_, index) => index === 1],
  ['one', (_, index) => index === 130],
  ['two in a row, unlike each other', (_, index) => index === 130 || index === 131],
  ['every twentieth', (_, index) => index % 20 === 10],
  ['the keyframe', (kind, index) => index === (kind === 'video' ? 120 : 200)],
  ['the last one', (kind, index) => index === (kind === 'video' ? 300 : 500)],
];

for (const kinds of [['video'], ['audio'], ['video', 'audio']] as TrackKind[][]) {
  t.test(`stray timestamps of ${kinds.join(' and ')} cost nothing`, async (t) => {
    if (!requireFfmpeg(t)) return;
    for (const [where, isStray] of places) {
      for (const [far, seconds] of STRAYS) {
        // That lies half of the circle back as well: there they would be like each other.
        if (where.startsWith('two') && far.startsWith('half')) continue;
        const publisher = new SimulatedPublisher(t, {
          ...REPORTS,
          strayTicks: (kind, index) => {
            if (!kinds.includes(kind) || !isStray(kind, index)) return 0;
            return Math.round(seconds * TIMESCALE[kind]) * (index % 2 === 0 ? 1 : -1);
          },
        });
        await publisher.run(10);
        const { recording } = publisher;
        await recording.close();
        const what = `${where}, ${far}`;
        t.equal(recording.timelineRestarts, 0, `${what}: no new timeline`);
        t.equal(recording.dropped.total, 0, `${what}: nothing is dropped`);
        const text = await readFile(path.join(publisher.root, FOLDER, 'manifest.mpd'), 'utf8');
        t.equal(readMpd(text).periods.length, 1, `${what}: one Period`);
        for (const kind of KINDS) {
          const segments = publisher.of(kind);
          const endUs = segments.at(-1)!.endUs - NOON_US;
          t.ok(Math.abs(endUs - 10e6) < 60_000, `${what}: ${kind} ends at ${endUs} µs`);
          t.ok(Math.abs(segments[0]!.startUs - NOON_US) < 60_000, `${what}: ${kind} starts`);
        }
      }
    }
  });
}

t.test('what is recorded around stray timestamps decodes, each unit once', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, {
    ...REPORTS,
    strayTicks: (kind, index) => (index % 20 === 10 ? TIMESCALE[kind] * 3600 : 0),
  });
  await publisher.run(10);
  await publisher.recording.close();
  for (const kind of KINDS) {
    const files = new Set(publisher.of(kind).flatMap(({ initPath, path }) => [initPath, path]));
    const { errors, frameCount } = await probeSegments(
      [...files].map((file) => path.join(publisher.root, file)),
    );
    t.same(errors, []);
    t.equal(frameCount, kind === 'video' ? publisher.frame : publisher.packet);
  }
});

t.test('timestamps that go back a little go on where time is', async (t) => {
  for (const kind of KINDS) {
    for (const seconds of [-0.6, -0.9]) {
      const publisher = new SimulatedPublisher(t, REPORTS);
      await publisher.run(5);
      publisher.leap[kind] = Math.round(seconds * TIMESCALE[kind]);
      await publisher.run(5);
      await publisher.recording.close();
      t.equal(publisher.recording.dropped.total, 0, `${kind}, ${seconds} s: nothing is dropped`);
      t.equal(publisher.recording.timelineRestarts, 0);
      for (const { startUs, endUs } of [...publisher.of('video'), ...publisher.of('audio')]) {
        t.ok(endUs - startUs <= 2_050_000);
      }
      t.ok(Math.abs(publisher.of(kind).at(-1)!.endUs - publisher.nowUs) < 60_000);
    }
  }
});
