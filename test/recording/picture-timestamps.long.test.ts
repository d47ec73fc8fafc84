import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { decodedFrames, probe, requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { readMpd } from '../media/read-mpd.ts';
import { videoFrames } from '../publisher/clip.ts';
import { type SimulatedFrame, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const CLIP = videoFrames('flash-and-beep.h264');

/** Times and digests of the pictures of the one Period. */
async function recorded(t: Test, publisher: SimulatedPublisher) {
  const folder = path.join(publisher.root, FOLDER);
  const { periods } = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(periods.length, 1);
  const set = periods[0]!.adaptationSets.find(({ contentType }) => contentType === 'video')!;
  const names = [set.initialization, ...set.segments.map(({ file }) => file)];
  const file = path.join(t.testdirName, 'joined.mp4');
  const parts = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
  await writeFile(file, Buffer.concat(parts));
  const { packets } = await probe(file);
  const start = packets[0]!.pts;
  return { times: packets.map(({ pts }) => pts - start), hashes: await decodedFrames(file) };
}

/** What is decoded of the pictures that were sent. */
async function sent(t: Test, count: number): Promise<string[]> {
  const file = path.join(t.testdirName, 'sent.h264');
  const units = CLIP.slice(0, count).flatMap((frame) => frame.units);
  await writeFile(file, Buffer.concat(units.flatMap((unit) => [Buffer.from([0, 0, 0, 1]), unit])));
  return decodedFrames(file);
}

/** 90 pictures with the timestamps that a function gives them. */
function stamped(ticks: (index: number) => number): SimulatedFrame[] {
  return CLIP.slice(0, 90).map(({ keyframe, units }, i) => ({ keyframe, units, ticks: ticks(i) }));
}

const CASES: Record<string, { ticks(index: number): number; shown(index: number): number }> = {
  'each tenth has the timestamp of the one before': {
    ticks: (i) => (i % 10 === 9 ? i - 1 : i) * 3000,
    shown: (i) => (i % 10 === 9 ? (i - 1) * 3000 + 1 : i * 3000),
  },
  'a keyframe has it': {
    ticks: (i) => (i === 60 ? 59 : i) * 3000,
    shown: (i) => (i === 60 ? 59 * 3000 + 1 : i * 3000),
  },
  // From here on a picture is put where it is to be expected, by the pace of those before.
  'one is 0.6 s too early': {
    ticks: (i) => (i === 40 ? 22 : i) * 3000,
    shown: (i) => i * 3000,
  },
  'the clock is set back by 0.6 s': {
    ticks: (i) => (i < 40 ? i : i - 18) * 3000,
    shown: (i) => i * 3000,
  },
  'it is set back at a keyframe': {
    ticks: (i) => (i < 60 ? i : i - 18) * 3000,
    shown: (i) => i * 3000,
  },
};

for (const [name, { ticks, shown }] of Object.entries(CASES)) {
  t.test(`${name}: all pictures are recorded, none decodes to another`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    t.testdir({});
    const frames = stamped(ticks);
    const publisher = new SimulatedPublisher(t, { frames }, `${t.testdirName}/root`);
    await publisher.run(2.99);
    await publisher.recording.close();
    t.equal(publisher.frame, 90);
    t.equal(publisher.recording.dropped.total, 0);
    const { times, hashes } = await recorded(t, publisher);
    t.same(hashes, await sent(t, 90));
    t.same(
      times,
      frames.map((_, i) => shown(i)),
    );
  });
}
