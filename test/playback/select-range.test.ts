import path from 'node:path';
import t from 'tap';
import { Presentations } from '../../src/playback/presentations.ts';
import { type RangePeriod, tracksOf } from '../../src/playback/recorded-range.ts';
import { selectRange } from '../../src/playback/select-range.ts';
import { probeSegment } from '../media/probe.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
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

t.test('more segments than a reply can hold', async (t) => {
  const index = { segments: ({ limit }: { limit: number }) => Array.from({ length: limit }) };
  const presentations = new Presentations({ manifest: async () => undefined });
  const range = { startUs: 0, endUs: undefined };
  await t.rejects(selectRange({ index: index as never, presentations }, 'cam1', range), {
    reason: 'bad-time',
    message: /^end: must not be further from start/,
  });
});
