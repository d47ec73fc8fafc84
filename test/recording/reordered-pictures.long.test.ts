import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { readFolderSegments } from '../../src/index-rebuild/folder-segments.ts';
import { toUs } from '../../src/media/media-time.ts';
import { H264_TIMESCALE } from '../../src/media/timescale.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { decodedFrames, requireFfmpeg, run } from '../containers/mp4/encoded-media.ts';
import { demuxSegments } from '../media/demux.ts';
import { readMpd } from '../media/read-mpd.ts';
import { encodeClip } from './encoded-clip.ts';
import { ofFiles } from './every-codec/recorded-clip.ts';
import { NOON_US, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
/** Encoders that reorder give a picture away when they have those that it refers to. */
const REPORTS = {
  videoReportUs: 0,
  audioReportUs: 0,
  videoDelayUs: 100_000,
  audioDelayUs: 100_000,
};

/** The pictures of each Period as ffprobe and ffmpeg see them. */
async function recorded(t: Test, publisher: SimulatedPublisher, day = FOLDER) {
  const folder = path.join(publisher.root, day);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const periods = [];
  for (const [i, period] of mpd.periods.entries()) {
    const set = period.adaptationSets.find(({ contentType }) => contentType === 'video')!;
    const names = [set.initialization, ...set.segments.map(({ file }) => file)];
    const files = names.map((name) => path.join(folder, name));
    const joined = path.join(t.testdirName, `${day.replaceAll('/', '_')}-${i}.mp4`);
    await writeFile(joined, Buffer.concat(await Promise.all(files.map((file) => readFile(file)))));
    const { stdout, stderr } = await run('ffprobe', [
      ...['-v', 'error', '-show_entries', 'packet=pts,dts', '-of', 'json', joined],
    ]);
    t.equal(stderr, '');
    const packets: { pts: number; dts: number }[] = JSON.parse(stdout).packets;
    const dts = packets.map((packet) => packet.dts);
    t.ok(
      dts.every((time, at) => at === 0 || time > dts[at - 1]!),
      'decode times rise',
    );
    t.ok(
      packets.every((packet) => packet.dts <= packet.pts),
      'nothing is shown before it is decoded',
    );
    const pts = packets.map((packet) => packet.pts);
    periods.push({
      files,
      pts,
      hashes: await decodedFrames(joined),
      startTime: set.segments[0]!.time,
    });
  }
  return periods;
}

const ENCODERS = {
  'B pictures that none refers to': { params: 'bframes=2:b-adapt=0:b-pyramid=none', count: 180 },
  'a pyramid of B pictures': { params: 'bframes=3:b-adapt=0:b-pyramid=normal', count: 180 },
};

for (const [name, { params, count }] of Object.entries(ENCODERS)) {
  t.test(`${name}: all are recorded and shown at their time`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    const { frames, hashes } = await encodeClip(t.testdir(), {
      seconds: 6,
      profile: 'high',
      params,
    });
    const publisher = new SimulatedPublisher(t, { ...REPORTS, frames }, `${t.testdirName}/root`);
    await publisher.run(count / 30 + 0.095);
    await publisher.recording.close();
    t.equal(publisher.recording.dropped.total, 0);
    const [period, ...more] = await recorded(t, publisher);
    t.equal(more.length, 0);
    const first = period!.pts[0]!;
    const shown = frames.slice(0, count).map(({ ticks }) => first + ticks!);
    t.same(period!.pts, shown, 'to the tick, as ffprobe reads it');
    t.same((await demuxSegments(period!.files)).pts.toSorted(), shown.toSorted(), 'and mediabunny');
    t.same(period!.hashes, hashes.slice(0, count));

    const video = publisher.of('video');
    const sound = publisher.of('audio');
    const { startUs } = video[0]!;
    t.equal(startUs, Math.round(toUs(H264_TIMESCALE.toTicks(first))));
    t.ok(Math.abs(startUs - sound[0]!.startUs) < 100, 'in step with the sound');
    t.ok(Math.abs(startUs - NOON_US) <= 100_000, 'when it was captured, as far as that is known');
    t.same(
      video.map((segment) => [segment.startUs - startUs, segment.keyframes, segment.isKeyframe]),
      [0, 2e6, 4e6].map((at) => [at, [startUs + at], true]),
    );
    t.equal(video.at(-1)!.endUs - startUs, (count / 30) * 1e6);
    t.equal(period!.startTime, first, 'the manifest tells when it is shown');

    const { findings } = await verifyRecording(path.join(publisher.root, FOLDER), { decode: true });
    t.same(findings, []);
    const reader = folderReader(publisher.root);
    const { segments } = await readFolderSegments(reader, FOLDER, 'cam1', () => true);
    t.same(
      segments.toSorted((a, b) => a.path.localeCompare(b.path)),
      publisher.segments.map(ofFiles).toSorted((a, b) => a.path.localeCompare(b.path)),
      'the files alone tell the same',
    );
  });
}

t.test('of lost pictures only what refers to them is missing', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const { frames, hashes } = await encodeClip(t.testdir(), {
    seconds: 6,
    profile: 'high',
    params: 'bframes=2:b-adapt=0:b-pyramid=none',
  });
  const publisher = new SimulatedPublisher(t, { ...REPORTS, frames }, `${t.testdirName}/root`);
  // The 31st in decoding order is one that others refer to: the rest up to the keyframe goes with it.
  await publisher.run(6.095, (kind, index) => kind === 'video' && index === 31);
  t.equal(publisher.recording.concealedMs('video'), 967, 'from the 31st shown to the 60th');
  await publisher.recording.close();
  t.match(publisher.recording.dropped, { undecodable: 28, total: 28 });
  const [period] = await recorded(t, publisher);
  const kept = frames.filter((_, i) => i < 31 || i >= 60);
  t.same(
    period!.pts,
    kept.map(({ ticks }) => period!.pts[0]! + ticks!),
  );
  const shown = kept.map(({ ticks }) => ticks! / 3000).toSorted((a, b) => a - b);
  t.same(
    period!.hashes,
    shown.map((at) => hashes[at]),
  );
});

t.test('a picture that begins later than its first pictures stays in order', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const { frames, hashes } = await encodeClip(t.testdir(), {
    seconds: 6,
    profile: 'high',
    params: 'bframes=3:b-adapt=0:b-pyramid=normal',
  });
  const publisher = new SimulatedPublisher(t, { ...REPORTS, frames }, `${t.testdirName}/root`);
  // Four seconds without a picture are sound with a black one; the sound is written up to the present
  // by the time at which the first pictures, half a second old, arrive.
  await publisher.run(4.02, (kind) => (kind === 'video' ? 'never sent' : false));
  publisher.nowUs += 500_000;
  await publisher.run(3.5);
  await publisher.recording.close();
  const periods = await recorded(t, publisher);
  const { pts, hashes: decoded } = periods.at(-1)!;
  t.ok(pts.length > 60, `${pts.length} pictures`);
  const inOrder = pts.toSorted((a, b) => a - b);
  t.equal(new Set(pts).size, pts.length, 'each has a time of its own');
  t.equal(inOrder[0], pts[0], 'nothing is shown before the Period begins');
  const first = hashes.indexOf(decoded[0]!);
  // Those that the last one is shown after had not come when it ended.
  const whole = decoded.slice(0, -4);
  t.same(whole, [...hashes.slice(first), ...hashes].slice(0, whole.length));
  t.ok(inOrder[1]! - inOrder[0]! === 1, 'what would be shown before is shown for a moment');
});

t.test('over midnight', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const { frames } = await encodeClip(t.testdir(), {
    seconds: 6,
    profile: 'high',
    params: 'bframes=2:b-adapt=0:b-pyramid=none',
  });
  const midnightUs = Date.UTC(2026, 2, 5) * 1000;
  const startUs = midnightUs - 4e6;
  const publisher = new SimulatedPublisher(
    t,
    { ...REPORTS, frames, startUs },
    `${t.testdirName}/root`,
  );
  await publisher.run(9.095);
  await publisher.recording.close();
  const [before] = await recorded(t, publisher);
  const [after] = await recorded(t, publisher, 'cam1/2026/03/05');
  const all = [...before!.pts, ...after!.pts];
  const expected = Array.from({ length: 270 }, (_, i) => {
    const { ticks } = frames[i % frames.length]!;
    return all[0]! + Math.floor(i / frames.length) * 540_000 + ticks!;
  });
  t.same(all, expected);
  t.equal(after!.startTime, after!.pts[0]);
  t.equal(after!.pts[0]! - all[0]!, 4 * 90_000);
});
