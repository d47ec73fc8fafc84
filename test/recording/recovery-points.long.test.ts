import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { decodedFrames, probe, requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { demuxSegments } from '../media/demux.ts';
import { readMpd } from '../media/read-mpd.ts';
import { encodeClip } from './encoded-clip.ts';
import { SimulatedPublisher, type Skip } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
/** Intra refresh: one IDR picture, then a recovery point each two seconds. */
const REFRESHED = { seconds: 14, profile: 'baseline', params: 'intra-refresh=1' };

/** Each Period's pictures: one file, and one for each segment. */
async function recorded(t: Test, publisher: SimulatedPublisher) {
  const folder = path.join(publisher.root, FOLDER);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const join = async (to: string, names: string[]) => {
    const file = path.join(t.testdirName, to);
    const parts = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
    await writeFile(file, Buffer.concat(parts));
    return file;
  };
  const periods = [];
  for (const [i, { adaptationSets }] of mpd.periods.entries()) {
    const set = adaptationSets.find(({ contentType }) => contentType === 'video')!;
    const names = set.segments.map(({ file }) => file);
    const alone = names.map((name) => join(`${i}-${name}.mp4`, [set.initialization, name]));
    periods.push({
      file: await join(`${i}.mp4`, [set.initialization, ...names]),
      segments: await Promise.all(alone),
      seconds: set.segments.map(({ duration }) => duration / 90_000),
    });
  }
  return periods;
}

t.test('after a loss it goes on at a recovery point, as no keyframe comes', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const { frames, hashes } = await encodeClip(t.testdir(), REFRESHED);
  const publisher = new SimulatedPublisher(t, { frames }, `${t.testdirName}/root`);
  const lost: Skip = (kind, index) => kind === 'video' && index === 75;
  await publisher.run(7.99, lost);
  const concealed = publisher.recording.concealedMs('video');
  await publisher.recording.close();
  const [period, ...more] = await recorded(t, publisher);
  t.equal(more.length, 0);
  const { packets } = await probe(period!.file);
  const start = packets[0]!.pts;
  const shown = packets.map(({ pts }) => pts - start);
  // Until the loss, then from the recovery point at 120 on: first what is not whole, for a moment.
  t.same(
    shown.slice(0, 75),
    Array.from({ length: 75 }, (_, i) => i * 3000),
  );
  const whole = shown.findIndex((time, i) => i >= 75 && time % 3000 === 0);
  const first = shown[whole]! / 3000;
  t.ok(first > 120 && first < 180, `the first whole picture is the ${first}th`);
  t.same(
    shown.slice(75),
    [
      ...Array.from({ length: first - 120 }, (_, i) => first * 3000 - (first - 120) + i),
      ...Array.from({ length: 240 - first }, (_, i) => (first + i) * 3000),
    ],
    'what is not whole is shown for the smallest step',
  );
  const decoded = await decodedFrames(period!.file);
  t.same(decoded.slice(0, 75), hashes.slice(0, 75));
  t.same(decoded.slice(whole), hashes.slice(first, 240), 'from there on as it was sent');
  t.match(publisher.recording.dropped, { undecodable: 44, total: 44 });
  t.equal(concealed, Math.round(((first - 75) / 30) * 1000 - (first - 120) / 90));
});

t.test('it begins with a recovery point where a keyframe never comes', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const { frames, hashes } = await encodeClip(t.testdir(), REFRESHED);
  const joined = frames.slice(30).map((frame, i) => ({ ...frame, ticks: i * 3000 }));
  const publisher = new SimulatedPublisher(t, { frames: joined }, `${t.testdirName}/root`);
  await publisher.run(11.99);
  t.ok(publisher.keyframeRequests > 2, 'a keyframe was asked for');
  await publisher.recording.close();
  const periods = await recorded(t, publisher);
  const { file, segments, seconds } = periods.at(-1)!;
  // Of mediabunny, because ffprobe looks into the pictures and takes recovery points for keyframes.
  t.same((await demuxSegments([file])).keyframePts, [], 'none is a sync sample');
  const decoded = await decodedFrames(file);
  const first = hashes.indexOf(decoded[0]!);
  t.ok(first > 60 && first < 120, `what is decoded begins with the ${first}th picture`);
  t.same(decoded, hashes.slice(first, 390), 'and shows nothing that was never there');

  t.ok(
    seconds.slice(1, -1).every((each) => Math.abs(each - 2) < 0.001),
    `cut at recovery points: ${seconds}`,
  );
  const sent = new Set(hashes);
  for (const segment of segments) {
    const alone = await decodedFrames(segment);
    t.ok(alone.length > 0, 'a segment can be decoded by itself');
    t.ok(
      alone.every((hash) => sent.has(hash)),
      'and shows nothing that was never there',
    );
  }
  t.ok(publisher.of('video').at(-1)!.isKeyframe === false, 'the index tells of no keyframe');
  const { findings } = await verifyRecording(path.join(publisher.root, FOLDER), { decode: true });
  t.same(
    findings.filter(({ damage }) => damage),
    [],
  );
});

t.test('a keyframe that comes when it is asked for is not preempted', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const { frames, hashes } = await encodeClip(t.testdir(), {
    seconds: 6,
    profile: 'high',
    params: 'open-gop=1:bframes=2:b-adapt=0:b-pyramid=none:keyint=30:min-keyint=30',
  });
  const isKeyframe = frames.map(({ keyframe }) => keyframe);
  t.same(isKeyframe.indexOf(true, 1), -1, 'only the first is an IDR picture');
  const delays = {
    videoReportUs: 0,
    audioReportUs: 0,
    videoDelayUs: 100_000,
    audioDelayUs: 100_000,
  };
  const publisher = new SimulatedPublisher(t, { frames, ...delays }, `${t.testdirName}/root`);
  await publisher.run(5.99, (kind, index) => kind === 'video' && index === 31);
  await publisher.recording.close();
  const [period] = await recorded(t, publisher);
  const decoded = await decodedFrames(period!.file);
  const sent = new Set(hashes);
  t.ok(
    decoded.every((hash) => sent.has(hash)),
    'leading pictures, which refer to lost ones, are not there',
  );
  const after = hashes.indexOf(decoded[32]!);
  t.ok(after >= 60, `it goes on with the ${after}th picture, more than a second after the loss`);
  t.ok(decoded.length > 100, `${decoded.length} pictures`);
});
