import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { type SimulatedOptions, SimulatedPublisher, type Skip } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
/** No request for a keyframe is answered; the stills are 15 of the 60 pictures to the next. */
const UNANSWERED = { segmentSeconds: 4 };
const REPORTED = { ...UNANSWERED, reportsUntilUs: Number.POSITIVE_INFINITY };

async function periodsOf(publisher: SimulatedPublisher) {
  const text = await readFile(path.join(publisher.root, FOLDER, 'manifest.mpd'), 'utf8');
  return readMpd(text).periods;
}

const STILLS: { name: string; options: SimulatedOptions; isMuted?: boolean }[] = [
  { name: '3 s apart', options: { ...UNANSWERED, stillSeconds: 3 } },
  { name: '7 s apart', options: { ...UNANSWERED, stillSeconds: 7 } },
  { name: '7 s apart, with reports', options: { ...REPORTED, stillSeconds: 7 } },
  { name: '20 s apart, with reports', options: { ...REPORTED, stillSeconds: 20 } },
  { name: '7 s apart, without sound', options: { ...UNANSWERED, stillSeconds: 7, audio: false } },
  {
    name: '20 s apart, with reports and without sound',
    options: { ...REPORTED, stillSeconds: 20, audio: false },
  },
  { name: '7 s apart, with muted sound', options: { ...REPORTED, stillSeconds: 7 }, isMuted: true },
];

for (const { name, options, isMuted } of STILLS) {
  t.test(`stills ${name} are shown until the next`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const publisher = new SimulatedPublisher(t, options);
    const skip: Skip = (kind, index) =>
      isMuted === true && kind === 'audio' && index > 100 && 'never sent';
    await publisher.run(45, skip);
    t.same(publisher.recording.dropped.total, 0);
    t.ok(publisher.keyframeRequests > 0, 'a keyframe is asked for while one stands');
    await publisher.recording.close();
    const [period, ...others] = await periodsOf(publisher);
    t.same(others, [], 'one Period');
    await checkPictures(t, publisher, publisher.frame);
    const spans = period!.adaptationSets.map(({ segments, timescale }) => {
      const { time, duration } = segments.at(-1)!;
      return [segments[0]!.time / timescale, (time + duration) / timescale] as const;
    });
    for (const [start, end] of spans) {
      t.ok(Math.abs(start - spans[0]![0]) < 0.021, 'tracks begin together');
      t.ok(Math.abs(end - spans[0]![1]) < 0.021, 'tracks end together');
    }
  });
}

/** Every picture is there once, and no black one besides. */
async function checkPictures(t: Test, publisher: SimulatedPublisher, count: number) {
  const files = new Set(publisher.of('video').flatMap(({ initPath, path }) => [initPath, path]));
  const { errors, packetCount, frameCount } = await probeSegments(
    [...files].map((file) => path.join(publisher.root, file)),
  );
  t.same(errors, []);
  t.equal(packetCount, count);
  t.equal(frameCount, count);
}

/** Sound goes on for so long while the camera does not, s. */
const AWAY = 20;

for (const [name, options, isGoodbye, shows] of [
  ['reports that stop with it', { ...REPORTED, reportsUntilUs: 4e6 }, false, 8],
  ['a goodbye', REPORTED, true, 5],
  ['no report ever', UNANSWERED, false, 10],
] as const) {
  t.test(`a camera that is off becomes black: ${name}`, async (t) => {
    const publisher = new SimulatedPublisher(t, options);
    await publisher.run(3.99);
    if (isGoodbye) publisher.recording.goodbye('video');
    await publisher.run(AWAY, (kind) => kind === 'video' && 'never sent');
    await publisher.recording.close();
    const periods = await periodsOf(publisher);
    t.equal(periods.length, 2);
    const [shown, black] = periods.map(({ adaptationSets: [video] }) => {
      const { time, duration } = video!.segments.at(-1)!;
      return { width: video!.width, end: (time + duration) / video!.timescale };
    });
    t.ok(black!.width !== undefined);
    const startSeconds = publisher.of('video')[0]!.startUs / 1e6;
    const stood = shown!.end - startSeconds - 4;
    t.ok(Math.abs(stood - shows) < 0.6, `black after ${stood} s`);
  });
}

t.test(
  'pictures that refer to a lost one: the one before stands for the longest GOP',
  async (t) => {
    if (!requireFfmpeg(t)) return;
    const publisher = new SimulatedPublisher(t, { ...REPORTED, gop: 330 });
    await publisher.run(15, (kind, index) => kind === 'video' && index === 20);
    await publisher.recording.close();
    t.equal((await periodsOf(publisher)).length, 1);
    t.equal(publisher.recording.dropped.undecodable, 309);
  },
);
