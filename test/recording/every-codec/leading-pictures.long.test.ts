import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  encodeReorderedH265,
  type ReorderedUnits,
  typeOf,
} from '../../codecs/h265/encoded-h265.ts';
import { packetizeUnit } from '../../codecs/h265/packetize.ts';
import { decodedFrames } from '../../containers/mp4/encoded-media.ts';
import { demuxSegments } from '../../media/demux.ts';
import { readMpd } from '../../media/read-mpd.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { seededRandom } from '../../rtp/packets.ts';
import { encodeClip } from '../encoded-clip.ts';
import { NOON_US, type SimulatedFrame } from '../simulated-publisher.ts';
import { depacketized, REORDERED } from './codec-clips.ts';
import { checkFolder, FOLDER, publisherOf, recordedVideo } from './recorded-clip.ts';

// Pictures that come after one that decoding can start with and are shown before it (ITU-T H.265 §3.67):
// recorded where they decode, left out where a Period begins without what they refer to.

const CRA = 21;
const BLA_W_LP = 16;
const OPEN_GOP = [...REORDERED, 'open-gop=1'];
const MIDNIGHT_US = NOON_US + 43_200e6;
const NEXT_DAY = 'cam1/2026/03/05';

interface Clip {
  frames: SimulatedFrame[];
  /** Digests in the order of showing. */
  hashes: string[];
}

/** Six seconds, an open group of pictures each two. @param change what becomes of them on their way */
async function clipOf(
  t: Test,
  x265: string[],
  change: (units: Buffer[][]) => Buffer[][] = (units) => units,
): Promise<Clip> {
  await mkdir(t.testdir(), { recursive: true });
  const random = seededRandom(3);
  const next = () => Math.floor(random() * 256);
  const options = { width: 320, height: 180, frames: 180, keyframeInterval: 60 };
  const { file, units, ticks }: ReorderedUnits = await encodeReorderedH265(
    t.testdirName,
    { ...options, pixelFormat: 'yuv420p' },
    x265,
  );
  const packets = change(units).map((unit) => packetizeUnit(unit, 1100, next));
  return { frames: depacketized('h265', packets, ticks), hashes: await decodedFrames(file) };
}

let open: Promise<Clip> | undefined;

/** A clip of which each group of pictures but the first is open. */
async function openGop(t: Test): Promise<Clip> {
  await mkdir(t.testdir(), { recursive: true });
  open ??= clipOf(t, OPEN_GOP);
  return open;
}

/** Each Period of a day: which pictures of the clip it shows, and when, in pictures since its first. */
async function shown(t: Test, publisher: ReturnType<typeof publisherOf>, clip: Clip, day = FOLDER) {
  const periods = [];
  for (const { packets, hashes } of await recordedVideo(t, publisher, day)) {
    t.equal(hashes.length, packets.length, 'every picture is decoded');
    const pts = packets.map((packet) => packet.pts).toSorted((a, b) => a - b);
    periods.push({
      pictures: hashes.map((hash) => clip.hashes.indexOf(hash)),
      times: pts.map((time) => (time - pts[0]!) / 3000),
    });
  }
  return periods;
}

/** Whole numbers from one to before another. */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

t.test('in the midst of a Period all are recorded, at their time', async (t) => {
  if (!requireFfmpeg(t)) return;
  const clip = await openGop(t);
  t.equal(clip.frames.filter(({ keyframe }) => keyframe).length, 3);
  const publisher = publisherOf(t, clip.frames);
  await publisher.run(6.095);
  await publisher.recording.close();
  t.same(await shown(t, publisher, clip), [{ pictures: range(0, 180), times: range(0, 180) }]);
  t.equal(publisher.recording.dropped.total, 0);
  t.ok(publisher.of('video').every(({ isKeyframe }) => isKeyframe));
  await checkFolder(t, publisher);
});

t.test('a Period that begins at midnight', async (t) => {
  if (!requireFfmpeg(t)) return;
  const clip = await openGop(t);
  const publisher = publisherOf(t, clip.frames, { startUs: MIDNIGHT_US - 1.5e6 });
  await publisher.run(6.095);
  await publisher.recording.close();
  t.same(await shown(t, publisher, clip), [{ pictures: range(0, 57), times: range(0, 57) }]);
  t.same(
    await shown(t, publisher, clip, NEXT_DAY),
    [{ pictures: range(60, 180), times: [0, ...range(4, 123)] }],
    'the keyframe is shown in the place of what leads it',
  );
  t.match(publisher.recording.dropped, { undecodable: 3, total: 3 });
  const [before, after] = [FOLDER, NEXT_DAY].map((day) =>
    publisher.of('video').filter(({ path }) => path.startsWith(day)),
  );
  t.equal(before!.at(-1)!.endUs, after![0]!.startUs, 'without a hole');
  for (const day of [FOLDER, NEXT_DAY]) await checkFolder(t, publisher, day);
});

t.test('a Period that begins at midnight and ends with what leads its keyframe', async (t) => {
  if (!requireFfmpeg(t)) return;
  const clip = await openGop(t);
  const publisher = publisherOf(t, clip.frames, { startUs: MIDNIGHT_US - 1.5e6 });
  // The keyframe and two of the three that lead it.
  await publisher.run((clip.frames.findIndex(({ ticks }) => ticks === 57 * 3000) + 0.5) / 30 + 0.1);
  await publisher.recording.close();
  t.same((await shown(t, publisher, clip, NEXT_DAY))[0]!.pictures, [60]);
  await checkFolder(t, publisher, NEXT_DAY);
});

t.test('a recording that begins while the publisher has long been there', async (t) => {
  if (!requireFfmpeg(t)) return;
  const clip = await openGop(t);
  const from = clip.frames.findIndex(({ ticks }) => ticks === 60 * 3000);
  const joined = clip.frames
    .slice(from)
    .map((frame) => ({ ...frame, ticks: frame.ticks! - from * 3000 }));
  const publisher = publisherOf(t, joined);
  await publisher.run(joined.length / 30 + 0.095);
  await publisher.recording.close();
  t.same(await shown(t, publisher, clip), [{ pictures: range(60, 180), times: range(0, 120) }]);
  t.match(publisher.recording.dropped, { undecodable: 3, total: 3 });
  await checkFolder(t, publisher);
});

t.test('after a loss', async (t) => {
  if (!requireFfmpeg(t)) return;
  const clip = await openGop(t);
  const at = clip.frames.findIndex(({ ticks }) => ticks === 32 * 3000);
  const publisher = publisherOf(t, clip.frames);
  await publisher.run(6.095, (kind, index) => kind === 'video' && index === at);
  await publisher.recording.close();
  const [{ pictures, times }] = (await shown(t, publisher, clip)) as [
    { pictures: number[]; times: number[] },
  ];
  t.same(pictures, [...range(0, 29), ...range(60, 180)]);
  t.same(times, pictures, 'at their time');
  await checkFolder(t, publisher);
});

t.test('in front of a picture at which another stream was joined (BLA)', async (t) => {
  if (!requireFfmpeg(t)) return;
  const joined = (units: Buffer[][]) =>
    units.map((unit, i) =>
      unit.map((part) => {
        if (i === 0 || typeOf(part) !== CRA) return part;
        return Buffer.concat([Buffer.of(BLA_W_LP << 1), part.subarray(1)]);
      }),
    );
  const clip = await clipOf(t, OPEN_GOP, joined);
  const publisher = publisherOf(t, clip.frames, {});
  await publisher.run(clip.frames.length / 30 + 0.095);
  await publisher.recording.close();
  const left = [...range(0, 57), ...range(60, 117), ...range(120, 180)];
  t.same((await shown(t, publisher, clip))[0]!.pictures, left);
  await checkFolder(t, publisher);
});

t.test('what leads a picture that nothing before is needed for (IDR_W_RADL)', async (t) => {
  if (!requireFfmpeg(t)) return;
  const clip = await clipOf(t, ['bframes=3', 'b-adapt=0', 'radl=3']);
  const types = new Set(clip.frames.flatMap(({ units }) => units.map(typeOf)));
  t.ok(types.has(19) && (types.has(6) || types.has(7)), `NAL unit types ${[...types]}`);
  const publisher = publisherOf(t, clip.frames, { startUs: MIDNIGHT_US - 1.5e6 });
  await publisher.run(6.095);
  await publisher.recording.close();
  const [before] = await shown(t, publisher, clip);
  const [after] = await shown(t, publisher, clip, NEXT_DAY);
  t.same([...before!.pictures, ...after!.pictures], range(0, 180), 'is recorded wherever it comes');
  t.same(after!.times, range(0, after!.times.length));
  t.equal(publisher.recording.dropped.total, 0);
  for (const day of [FOLDER, NEXT_DAY]) await checkFolder(t, publisher, day);
});

t.test('H264: a Period that begins at midnight with a recovery point', async (t) => {
  if (!requireFfmpeg(t)) return;
  const params = 'open-gop=1:bframes=2:b-adapt=0:b-pyramid=none:keyint=30:min-keyint=30';
  const clip = await encodeClip(t.testdir(), { seconds: 10, profile: 'high', params });
  t.equal(clip.frames.filter(({ keyframe }) => keyframe).length, 1, 'no other keyframe comes');
  const publisher = publisherOf(t, clip.frames, { startUs: MIDNIGHT_US - 1.5e6 });
  await publisher.run(9.095);
  await publisher.recording.close();
  const [before] = await shown(t, publisher, clip);
  const [after] = await shown(t, publisher, clip, NEXT_DAY);
  const first = after!.pictures[0]!;
  t.ok(first >= 195, `begins with the ${first}th picture, more than five seconds after midnight`);
  t.same(before!.pictures, range(0, first - 2));
  // Of the last ones not all that they are shown after had come.
  const whole = after!.pictures.slice(0, -2);
  t.same(whole, range(first, first + whole.length));
  t.match(publisher.recording.dropped, { undecodable: 2, total: 2 });
});

t.test('a stream that is refreshed bit by bit, joined in its midst', async (t) => {
  if (!requireFfmpeg(t)) return;
  // libx265 leaves the messages out: whole after 59 more pictures (ITU-T H.265 §D.2.8).
  const recoveryPoint = Buffer.from('4e01060203b580', 'hex');
  const clip = await clipOf(t, ['intra-refresh=1'], (units) =>
    units.map((unit, i) => {
      if (i === 0 || i % 60 !== 0) return unit;
      return [...unit.slice(0, -1), recoveryPoint, unit.at(-1)!];
    }),
  );
  t.equal(clip.frames.filter(({ keyframe }) => keyframe).length, 1, 'no other keyframe comes');
  // The first recovery point comes a second after the recording began to wait for a keyframe.
  const joined = clip.frames.slice(15).map((frame, i) => ({ ...frame, ticks: i * 3000 }));
  const publisher = publisherOf(t, joined);
  await publisher.run(joined.length / 30 + 0.095);
  await publisher.recording.close();
  // Judged by times alone: what libx265 refreshes is not the same to the bit.
  const { codec, isKeyframe, path: last } = publisher.of('video').at(-1)!;
  t.match(codec, /^hvc1\.1\.6/);
  const folder = path.join(publisher.root, FOLDER);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const set = mpd.periods.at(-1)!.adaptationSets.find((one) => one.contentType === 'video')!;
  const names = [set.initialization, ...set.segments.map(({ file }) => file)];
  const { pts, keyframePts } = await demuxSegments(names.map((name) => path.join(folder, name)));
  t.ok(last.endsWith(names.at(-1)!));
  t.equal(pts.length, 120, 'from the recovery point at 60 on');
  const ticks = pts.map((time) => time - pts.at(-1)!);
  t.same(
    ticks.slice(59),
    range(-60, 1).map((each) => each * 3000),
    'whole ones at their time',
  );
  const moments = ticks.slice(1, 59);
  t.same(
    moments,
    range(-58, 0).map((each) => each - 60 * 3000),
    'the others for a moment before',
  );
  t.same(keyframePts, [], 'none is a sync sample');
  t.notOk(isKeyframe, 'nor a keyframe of the index');
});
