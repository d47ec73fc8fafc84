import { rm, writeFile } from 'node:fs/promises';
import path, { join } from 'node:path';
import t from 'tap';
import { Presentations } from '../../src/playback/presentations.ts';
import { type RangePeriod, tracksOf } from '../../src/playback/recorded-range.ts';
import { selectRange } from '../../src/playback/select-range.ts';
import type { SegmentQuery } from '../../src/segment-index/segment-query.ts';
import { probeSegment } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { playlistsOf } from './hls-playlists.ts';
import { type RecordedApp, recordedApp } from './recorded-app.ts';

const BEFORE_MIDNIGHT_US = NOON_US + 12 * 3600e6 - 7e6;

/** Selects from what an app has. */
function selector({ app }: RecordedApp) {
  return (startUs: number, endUs?: number) =>
    selectRange(app.rangeSources, 'cam1', { startUs, endUs });
}

const numbers = ({ video, audio }: RangePeriod) => ({
  video: video?.segments.map(({ number }) => number),
  audio: audio?.segments.map(({ number }) => number),
});

t.test('a day that ends, pictures of another size, and a pause', async (t) => {
  const recorded = await recordedApp(
    t,
    async (publisher) => {
      await publisher.run(11.99);
      publisher.clip = 'moving-640x360.h264';
      await publisher.run(8);
      await publisher.run(10, () => true);
      await publisher.run(8);
    },
    { startUs: BEFORE_MIDNIGHT_US },
  );
  const select = selector(recorded);
  const { periods, unreadable } = await select(0);
  t.same(unreadable, []);
  t.same(
    periods.map(({ folder, reason }) => [folder, reason]),
    [
      ['cam1/2026/03/04', 'start'],
      ['cam1/2026/03/05', 'midnight'],
      ['cam1/2026/03/05', 'resolution-change'],
      ['cam1/2026/03/05', 'media-stopped'],
    ],
  );
  t.equal(new Set(periods.map(({ id }) => id)).size, 4);
  t.same(
    periods.map(({ video }) => [video?.width, video?.height]),
    [
      [320, 180],
      [320, 180],
      [640, 360],
      [640, 360],
    ],
  );
  const listed = periods.flatMap((period) => tracksOf(period).flatMap(({ segments }) => segments));
  t.same(
    listed.map((segment) => segment.path).sort(),
    recorded.publisher.segments.map((segment) => segment.path).sort(),
    'each segment once',
  );
  if (!requireFfmpeg(t)) return;
  for (const period of periods) {
    for (const { initPath, segments, timescale } of tracksOf(period)) {
      const [first] = segments;
      const file = (object: string) => path.join(recorded.root, object);
      const probed = await probeSegment(file(initPath), file(first!.path));
      t.same(probed.errors, []);
      t.equal(probed.streams[0]!.timescale, timescale);
      t.equal(probed.pts[0], first!.startTime, `${first!.path} begins there in the file`);
      t.ok(Math.abs((first!.startTime / timescale) * 1e6 - first!.startUs) < 2000);
    }
  }

  const [first, second] = periods;
  // From the middle of a segment, over midnight, to the middle of one.
  const part = await select(first!.endUs - 1e6, second!.startUs + 1e6);
  t.same(part.periods.map(numbers), [
    { video: [4], audio: [4] },
    { video: [1], audio: [1] },
  ]);
  t.same(
    part.periods.map(({ reason }) => reason),
    [undefined, 'midnight'],
  );
  t.same((await select(periods[3]!.endUs)).periods, []);
  t.same((await select(periods[2]!.endUs + 1e6, periods[3]!.startUs - 1e6)).periods, []);
});

t.test('a range begins at a keyframe, and with the sound of it', async (t) => {
  // A keyframe in seven seconds, while segments are cut after two.
  const recorded = await recordedApp(t, (publisher) => publisher.run(20), { gop: 210 });
  const select = selector(recorded);
  const [whole] = (await select(0)).periods;
  const keyframes = whole!.video!.segments.filter(({ isKeyframe }) => isKeyframe);
  t.ok(keyframes.length < whole!.video!.segments.length, 'some segments begin with none');
  const [cut] = (await select(NOON_US + 12e6, NOON_US + 13e6)).periods;
  t.equal(cut!.video!.segments[0]!.isKeyframe, true);
  t.ok(cut!.video!.segments[0]!.startUs <= NOON_US + 12e6);
  t.ok(cut!.audio!.segments[0]!.startUs <= cut!.video!.segments[0]!.startUs);
  t.ok(cut!.audio!.segments.at(-1)!.endUs >= cut!.video!.segments.at(-1)!.endUs - 50_000);
});

t.test('a keyframe that is far is found, and one within a segment too', async (t) => {
  // A keyframe in 100 seconds, which others lie up to ten minutes behind.
  const recorded = await recordedApp(t, (publisher) => publisher.run(130), { gop: 3000 });
  const select = selector(recorded);
  const [late] = (await select(NOON_US + 90e6, NOON_US + 91e6)).periods;
  t.same(late!.video!.segments[0]!.keyframes, [NOON_US]);
  t.ok(late!.video!.segments.at(-1)!.endUs >= NOON_US + 91e6);
  t.ok(late!.audio!.segments[0]!.startUs <= NOON_US + 20_000, 'with the sound of it');
  const [, second] = recorded.publisher.of('video').filter(({ keyframes }) => keyframes.length > 0);
  // As of a recorder that cuts by time alone.
  const index = {
    segments: (query: SegmentQuery) =>
      recorded.segmentIndex.segments(query).map((segment) => ({
        ...segment,
        isKeyframe: false,
        keyframes: segment.path === second!.path ? [segment.startUs + 500_000] : [],
      })),
  };
  const { presentations } = recorded.app.rangeSources;
  for (const [fromUs, what] of [
    [second!.startUs + 4e6, 'before'],
    [second!.startUs - 4e6, 'after'],
  ] as const) {
    const asked = { startUs: fromUs, endUs: fromUs + 10e6 };
    const { periods } = await selectRange({ index, presentations }, 'cam1', asked);
    t.equal(periods[0]!.video!.segments[0]!.path, second!.path, what);
  }
});

t.test('segments that are gone part a Period, for both tracks', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(20));
  const { segmentIndex: index, publisher } = recorded;
  const gone = publisher.of('video')[4]!;
  // As one that never reached its bucket.
  index.setWaiting([gone.path]);
  await index.remove(gone.path);
  const { periods } = await selector(recorded)(0);
  t.equal(periods.length, 2);
  const [before, after] = periods;
  t.same(numbers(before!).video, [1, 2, 3, 4]);
  t.equal(numbers(after!).video![0], 6);
  t.ok(after!.audio!.segments[0]!.startUs > gone.startUs, 'sound of the hole is before it');
  t.same(
    [...numbers(before!).audio!, ...numbers(after!).audio!],
    publisher.of('audio').map((_, at) => at + 1),
  );
  t.not(before!.id, after!.id);
  t.equal(after!.reason, undefined);
});

t.test('while it is recorded', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(9), { goesOn: true });
  const select = selector(recorded);
  const [period] = (await select(NOON_US)).periods;
  t.ok(numbers(period!).video!.length > 2);
  await recorded.publisher.run(4);
  await recorded.list();
  const [later] = (await select(NOON_US)).periods;
  t.ok(numbers(later!).video!.length > numbers(period!).video!.length);
  t.equal(later!.id, period!.id);
});

t.test('a folder without a manifest is told of', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(5), { goesOn: true });
  recorded.recorder.manifests.set('cam1/2026/03/04/manifest.mpd', '<MPD/>');
  const { periods, unreadable } = await selector(recorded)(0);
  t.same([periods, unreadable], [[], ['cam1/2026/03/04']]);
  const before = await selector(recorded)(0, NOON_US);
  t.same(before.unreadable, [], 'of which nothing was asked for');
  for (const name of ['manifest.mpd', 'index.m3u8', 'video.m3u8', 'audio.m3u8']) {
    const reply = await recorded.app.inject(`/api/playback/cam1/${name}?start=0`);
    t.equal(reply.statusCode, 409, name);
    t.match(
      reply.json().message,
      /^the manifest of cam1\/2026\/03\/04 is missing or damaged; see /,
    );
  }
});

t.test('a day whose manifest cannot be read is left out, which is said', async (t) => {
  const startUs = NOON_US + 12 * 3600e6 - 6e6;
  const recorded = await recordedApp(t, (publisher) => publisher.run(12), { startUs });
  const { app, root } = recorded;
  await writeFile(join(root, 'cam1/2026/03/04/manifest.mpd'), 'damaged');
  for (const name of ['manifest.mpd', 'index.m3u8', 'video.m3u8', 'audio.m3u8']) {
    const { statusCode, headers, body } = await app.inject(`/api/playback/cam1/${name}?start=0`);
    t.equal(statusCode, 200, name);
    t.equal(headers['left-out'], 'cam1/2026/03/04');
    t.match(body, /what is recorded in cam1\/2026\/03\/04 is left out, since its manifest is/);
    if (name !== 'index.m3u8') t.ok(body.includes('2026/03/05/'), 'the other day is shown');
  }
  const { video, audio } = await playlistsOf(recorded, 'start=0');
  for (const { segments } of [video, audio!]) {
    t.ok(segments.every(({ uri }) => uri.includes('/2026/03/05/')));
  }
  const after = `start=${NOON_US + 12 * 3600e6}`;
  const whole = await app.inject(`/api/playback/cam1/manifest.mpd?${after}`);
  t.equal(whole.headers['left-out'], undefined);
  t.notMatch(whole.body, /left out/);
});

t.test('a recording that has nothing to show yet is no damage', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(5), { goesOn: true });
  const { app, root, recorder, publisher, logged } = recorded;
  const { manifestPath } = publisher.recording;
  recorder.manifests.set(manifestPath, '');
  // With the file of the manifest.
  await publisher.recording.written();
  const get = (name: string) => app.inject(`/api/playback/cam1/${name}?start=0`);
  t.equal((await get('manifest.mpd')).statusCode, 200, 'what the file says is shown until then');
  await rm(join(root, manifestPath));
  for (const name of ['manifest.mpd', 'index.m3u8', 'video.m3u8', 'audio.m3u8']) {
    const reply = await get(name);
    t.equal(reply.statusCode, 404, name);
    t.equal(reply.json().message, 'nothing is recorded of cam1 in this range');
  }
  t.notOk(logged.some(({ msg }) => String(msg).includes('manifest')));
});

t.test('more segments than a reply can hold', async (t) => {
  const index = { segments: ({ limit }: { limit: number }) => Array.from({ length: limit }) };
  const presentations = new Presentations({
    manifest: async () => ({ text: undefined, isAwaited: false }),
  });
  const range = { startUs: 0, endUs: undefined };
  await t.rejects(selectRange({ index: index as never, presentations }, 'cam1', range), {
    reason: 'bad-time',
    message: /^end: must not be further from start/,
  });
});
