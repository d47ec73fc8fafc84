import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { readReferenceTimes } from '../../src/containers/mp4/reference-time.ts';
import type { Segment } from '../../src/facts/segment.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { TIMESCALE } from '../../src/media/media-time.ts';
import { wallClockUs } from '../../src/media/wall-clock-span.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { repeat } from '../thoroughness.ts';
import { NOON_US, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const KINDS = ['video', 'audio'] as const;
const HOUR = 3600;

t.test('timestamps that leap open a new Period and are counted', async (t) => {
  const leaps: [string, number][] = [
    ['26 hours forward', 26 * HOUR],
    ['a second and a half forward', 1.5],
    ['backwards', -3],
    ['a day backwards', -24 * HOUR],
    ['to the end of the circle', 'end' as never],
    ['half of the circle', 2 ** 31 / 90_000],
  ];
  for (const [name, seconds] of leaps) {
    for (const kinds of [['video', 'audio'], ['video'], ['audio']] as TrackKind[][]) {
      const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
      await publisher.run(6);
      for (const kind of kinds) {
        // The video's first timestamp is some ticks before 2^32, so to 0 it is nearly the circle.
        publisher.leap[kind] = Number.isFinite(seconds)
          ? Math.round(seconds * TIMESCALE[kind])
          : 2 ** 32 - 540_000;
      }
      await publisher.run(7);
      await publisher.recording.close();
      const what = `${name}, ${kinds.join(' and ')}`;
      t.equal(publisher.recording.timelineRestarts, kinds.length, `${what}: counted`);
      const mpd = readMpd(
        await readFile(path.join(publisher.root, FOLDER, 'manifest.mpd'), 'utf8'),
      );
      t.ok(mpd.periods.length >= 2, `${what}: a new Period`);
      for (const kind of KINDS) {
        const segments = publisher.of(kind);
        for (const { startUs, endUs } of segments) {
          t.ok(endUs - startUs < 6.1e6, `${what}: ${kind} of ${(endUs - startUs) / 1e6} s`);
        }
        t.ok(Math.abs(segments.at(-1)!.endUs - publisher.nowUs) < 100_000, `${what}: ends in time`);
        checkNoOverlap(t, segments);
      }
    }
  }
});

t.test('the whole circle of timestamps is passed without a Period', async (t) => {
  // 2^32 ticks of audio are a day; the video of every simulated publisher wraps after 0.1 s.
  const publisher = new SimulatedPublisher(t);
  publisher.leap.audio = 2 ** 32 - 77_000 - 2 * 48_000;
  await publisher.run(5);
  await publisher.recording.close();
  t.equal(publisher.recording.timelineRestarts, 0);
  for (const kind of KINDS) {
    const segments = publisher.of(kind);
    for (const [i, { startUs }] of segments.entries()) {
      if (i > 0) t.equal(startUs, segments[i - 1]!.endUs);
    }
  }
});

t.test('a sender whose clock is years off does not move our times', async (t) => {
  const year = 365 * 86_400e6;
  for (const senderClockUs of [-30 * year, -1, 8 * year, 1000 * year]) {
    const publisher = new SimulatedPublisher(t, {
      videoReportUs: 300_000,
      audioReportUs: 300_000,
      senderClockUs,
    });
    await publisher.run(4);
    await publisher.recording.close();
    for (const kind of KINDS) {
      const [first] = publisher.of(kind);
      t.ok(Math.abs(first!.startUs - NOON_US) <= 20, `${kind} begins at ${first!.startUs}`);
    }
  }
});

t.test('a crystal that is off is made good in the index, never in the media', async (t) => {
  if (!requireFfmpeg(t)) return;
  for (const driftPpm of repeat([400, -400], [400])) {
    const seconds = 300;
    const publisher = new SimulatedPublisher(t, {
      driftPpm,
      segmentSeconds: 10,
      videoReportUs: 0,
      audioReportUs: 0,
    });
    await publisher.run(seconds);
    await publisher.recording.close();
    const folder = path.join(publisher.root, FOLDER);
    const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
    t.equal(mpd.periods.length, 1);
    for (const set of mpd.periods[0]!.adaptationSets) {
      const kind = set.contentType as TrackKind;
      const last = set.segments.at(-1)!;
      const drift = (last.time + last.duration) / set.timescale - NOON_US / 1e6 - seconds;
      t.ok(
        Math.abs(drift - seconds * driftPpm * 1e-6) < 0.05,
        `${driftPpm} ppm: media time is ${drift} s off`,
      );
      const files = [set.initialization, ...set.segments.map((segment) => segment.file)];
      const media = await probeSegments(files.map((file) => path.join(folder, file)));
      t.same(media.errors, []);
      t.equal(media.frameCount, kind === 'video' ? publisher.frame : publisher.packet);
      let longestStep = 0;
      const segments = publisher.of(kind);
      for (const [i, { startUs, endUs }] of segments.entries()) {
        if (i > 0) t.equal(startUs, segments[i - 1]!.endUs, 'no hole, no overlap');
        const mediaUs = (set.segments[i]!.duration / set.timescale) * 1e6;
        longestStep = Math.max(longestStep, Math.abs((endUs - startUs) / mediaUs - 1));
      }
      t.ok(longestStep > 100e-6 && longestStep <= 500.1e-6, `corrected by ${longestStep}`);
      const endUs = segments.at(-1)!.endUs;
      t.ok(Math.abs(endUs - publisher.nowUs) < 60_000, `ends ${endUs - publisher.nowUs} µs off`);
    }
    const offsets = KINDS.map((kind) => {
      const { endUs } = publisher.of(kind).at(-1)!;
      const { segments, timescale } = mpd.periods[0]!.adaptationSets.find(
        (set) => set.contentType === kind,
      )!;
      const last = segments.at(-1)!;
      return endUs - ((last.time + last.duration) / timescale) * 1e6;
    });
    t.ok(Math.abs(offsets[0]! - offsets[1]!) < 20, 'both tracks by the same correction');
    await checkFiles(t, publisher);
  }
});

t.test('after a drift, midnight begins at the wall clock again', async (t) => {
  for (const driftPpm of [400, -400]) {
    const publisher = new SimulatedPublisher(t, {
      driftPpm,
      startUs: NOON_US + 43_200e6 - 150e6,
      videoReportUs: 0,
      audioReportUs: 0,
    });
    await publisher.run(160);
    await publisher.recording.close();
    const midnightUs = NOON_US + 43_200e6;
    const text = await readFile(path.join(publisher.root, 'cam1/2026/03/05/manifest.mpd'), 'utf8');
    for (const {
      contentType,
      segments: [first],
      timescale,
    } of readMpd(text).periods[0]!.adaptationSets) {
      const segments = publisher.of(contentType as TrackKind);
      const at = segments.findIndex(({ path }) => path.includes('/05/'));
      t.equal(segments[at]!.startUs, segments[at - 1]!.endUs, 'no hole, no overlap');
      t.ok(segments[at]!.startUs >= midnightUs, `${contentType} belongs to the day`);
      const fileUs = (first!.time / timescale) * 1e6;
      // To the millisecond, which is the finest that all files can express.
      t.ok(Math.abs(fileUs - segments[at]!.startUs) < 1050, 'and says so in the file');
    }
    for (const day of ['04', '05']) {
      const { findings } = await verifyRecording(path.join(publisher.root, 'cam1/2026/03', day));
      t.same(
        findings.filter(({ damage }) => damage),
        [],
        `the ${day}th is whole`,
      );
    }
    await checkFiles(t, publisher);
  }
});

t.test('what comes back after a drift lies where it belongs', async (t) => {
  const publisher = new SimulatedPublisher(t, {
    driftPpm: 450,
    videoReportUs: 0,
    audioReportUs: 0,
  });
  await publisher.run(200);
  publisher.recording.detach();
  await publisher.run(1.99, () => true);
  publisher.attach();
  await publisher.run(10);
  // Another SSRC for the picture alone: it has to keep step with the sound.
  publisher.recording.restartTrack('video');
  await publisher.run(9);
  await publisher.recording.close();
  const ends = KINDS.map((kind) => publisher.of(kind).at(-1)!.endUs);
  t.ok(Math.abs(ends[0]! - publisher.nowUs) < 60_000, `${ends[0]! - publisher.nowUs} µs off`);
  t.ok(Math.abs(ends[0]! - ends[1]!) < 60_000, `${ends[0]! - ends[1]!} µs apart`);
  for (const kind of KINDS) checkNoOverlap(t, publisher.of(kind));
  await checkFiles(t, publisher);
});

function checkNoOverlap(t: import('tap').Test, segments: Segment[]): void {
  for (const [i, { startUs, endUs }] of segments.entries()) {
    if (endUs <= startUs) t.fail(`a segment ends at ${endUs} and begins at ${startUs}`);
    if (i > 0 && startUs < segments[i - 1]!.endUs) t.fail(`${startUs} overlaps the one before`);
  }
}

/** Every file says by itself what the index says of it. */
async function checkFiles(t: import('tap').Test, publisher: SimulatedPublisher): Promise<void> {
  for (const { path: file, kind, startUs, endUs, keyframes } of publisher.segments) {
    const handle = await open(path.join(publisher.root, file));
    const head = Buffer.alloc(64);
    await handle.read(head, 0, 64, 0);
    await handle.close();
    const span = readReferenceTimes(head, TIMESCALE[kind])!;
    if (span.startUs !== startUs || span.endUs !== endUs) t.fail(`${file} says ${span.startUs}`);
    if (kind === 'video' && wallClockUs(span, span.startTime) !== keyframes[0]) {
      t.fail(`${file} begins with another keyframe`);
    }
  }
  t.same(
    (await readdir(path.join(publisher.root, FOLDER))).filter((file) => file.endsWith('.part')),
    [],
  );
}
