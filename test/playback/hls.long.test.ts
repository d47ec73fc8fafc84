import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { playManifest, playToTheEnd, seek } from '../manifest/player-page.ts';
import { probeSegment } from '../media/probe.ts';
import { runTool } from '../media/tool.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { playlistsOf } from './hls-playlists.ts';
import { type RecordedApp, recordedApp } from './recorded-app.ts';

const BEFORE_MIDNIGHT_US = NOON_US + 12 * 3600e6 - 6e6;
/** Seconds that a picture is shown. */
const FRAME = 1 / 30;

const OVER_ALL = async (publisher: RecordedApp['publisher']) => {
  // Another clip is sent from its keyframe on.
  await publisher.run(11.99);
  publisher.clip = 'moving-640x360.h264';
  await publisher.run(6);
  await publisher.run(20, () => true);
  await publisher.run(6);
};

t.test('over midnight, another picture size and a pause', async (t) => {
  const recorded = await recordedApp(t, OVER_ALL, { startUs: BEFORE_MIDNIGHT_US });
  const { index, variant, video, audio } = await playlistsOf(recorded, 'start=0');
  t.equal(index.independentSegments, true);
  t.equal(variant.codecs, 'avc1.42c00d,avc1.42c01e,opus');
  t.match(variant.resolution, { width: 640, height: 360 });
  t.equal(variant.frameRate, 30);
  t.match(variant.audio, [{ type: 'AUDIO', isDefault: true, autoselect: true, channels: '2' }]);
  const of = (kind: string) => recorded.publisher.segments.filter((each) => each.kind === kind);
  for (const [playlist, kind] of [
    [video, 'video'],
    [audio!, 'audio'],
  ] as const) {
    t.equal(playlist.endlist, true);
    t.equal(playlist.playlistType, 'VOD');
    t.same(
      playlist.segments.map(({ uri }) => uri),
      of(kind).map((each) => `../../../api/record/object/${each.path}`),
    );
    const begins = playlist.segments.filter(({ discontinuity }) => discontinuity);
    t.equal(begins.length, 3, 'each Period but the first is a discontinuity, in both tracks');
    for (const [at, segment] of playlist.segments.entries()) {
      const row = of(kind)[at]!;
      t.ok(segment.map, 'has its initialization segment');
      t.equal(segment.map.uri, `../../../api/record/object/${row.initPath}`);
      t.ok(Math.abs(segment.duration * 1e6 - (row.endUs - row.startUs)) < 1000);
      const isFirst = at === 0 || segment.discontinuity;
      if (isFirst) t.equal(segment.programDateTime!.getTime(), Math.floor(row.startUs / 1000));
    }
    const rates = playlist.segments.map((each, at) => (of(kind)[at]!.size * 8) / each.duration);
    t.ok(variant.bandwidth >= Math.max(...rates));
  }

  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const origin = await recorded.app.listen({ host: '127.0.0.1', port: 0 });
  const lengths = [0];
  for (const { duration, discontinuity } of video.segments) {
    if (discontinuity) lengths.push(0);
    lengths[lengths.length - 1]! += duration;
  }
  const total = lengths.reduce((sum, each) => sum + each);
  for (const player of ['hls.js', 'shaka'] as const) {
    t.test(player, async (t) => {
      const url = `${origin}/api/playback/cam1/index.m3u8?start=0`;
      const page = await playManifest(t, browser, player, url);
      const { frames, errors, endedAt } = await playToTheEnd(page);
      t.same(errors, []);
      t.ok(frames[0]!.time <= 0.5, `begins at ${frames[0]!.time}`);
      t.ok(Math.abs(endedAt - total) < 0.1, `ends at ${endedAt} of ${total}`);
      t.same([...new Set(frames.map(({ width }) => width))], [320, 640]);
      for (const [target, width] of [
        [lengths[0]! - 1, 320],
        [total - 1, 640],
        [lengths[0]! + 2, 320],
        [total - lengths[3]! - 1, 640],
      ] as const) {
        const shown = await seek(page, target);
        t.equal(shown.width, width, `at ${target}`);
        t.ok(Math.abs(shown.time - target) <= FRAME + 0.02, `picture of ${shown.time}`);
      }
    });
  }
});

t.test(
  "Chromium's own player plays and seeks, over midnight, a pause and another size",
  async (t) => {
    const browser = await requireChromium(t);
    if (browser === undefined) return;
    const recorded = await recordedApp(t, OVER_ALL, { startUs: BEFORE_MIDNIGHT_US });
    const { video } = await playlistsOf(recorded, 'start=0');
    const total = video.segments.reduce((sum, { duration }) => sum + duration, 0);
    const origin = await recorded.app.listen({ host: '127.0.0.1', port: 0 });
    const page = await browser.newPage();
    t.teardown(() => page.close());
    await page.goto(`${origin}/api/info`);
    const seen = await page.evaluate<{ duration: number; widths: number[]; endedAt: number }>(`
    (async () => {
      const video = document.createElement('video');
      const happens = (name) => new Promise((resolve, reject) => {
        video.addEventListener(name, resolve, { once: true });
        video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
      });
      video.muted = true;
      video.src = '/api/playback/cam1/index.m3u8?start=0';
      await happens('loadeddata');
      const widths = [];
      for (const time of [${total - 1}, 1, ${total - 8}, 5, 0]) {
        const sought = happens('seeked');
        video.currentTime = time;
        await sought;
        widths.push(video.videoWidth);
      }
      const ended = happens('ended');
      video.playbackRate = 4;
      await video.play();
      await ended;
      return { duration: video.duration, widths, endedAt: video.currentTime };
    })()`);
    t.ok(Math.abs(seen.duration - total) < 0.1, `${seen.duration} of ${total} s`);
    t.ok(Math.abs(seen.endedAt - total) < 0.1, `ends at ${seen.endedAt}`);
    t.same(seen.widths, [640, 320, 640, 320, 320]);
  },
);

t.test('it begins exactly where the range does', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(9));
  const query = `start=${NOON_US + 3e6}&end=2026-03-04T12:00:07Z`;
  const { index, video, audio } = await playlistsOf(recorded, query);
  t.match(index.start, { offset: 1, precise: true });
  t.equal(video.segments[0]!.programDateTime!.getTime(), NOON_US / 1000 + 2000);
  t.match(video.segments.at(-1)!.uri, /seg_0004/);
  t.equal(audio!.segments.length, video.segments.length);

  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const origin = await recorded.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `${origin}/api/playback/cam1/index.m3u8?${query}`;
  const page = await playManifest(t, browser, 'hls.js', url);
  const { frames, seeks, errors } = await playToTheEnd(page);
  t.same(errors, []);
  t.ok(Math.abs(seeks[0]! - 1) < 0.05, `begins at ${seeks[0]}`);
  // The first picture of all may be shown before the player has moved there.
  const early = frames.filter(({ time }) => time > 0 && time < 0.95);
  t.same(early, [], 'nothing before it is played');
});

t.test('FFmpeg reads all of it, over a pause and midnight', async (t) => {
  const recorded = await recordedApp(
    t,
    async (publisher) => {
      await publisher.run(10);
      await publisher.run(20, () => true);
      await publisher.run(4);
    },
    { startUs: BEFORE_MIDNIGHT_US },
  );
  const origin = await recorded.app.listen({ host: '127.0.0.1', port: 0 });
  const url = `${origin}/api/playback/cam1/index.m3u8?start=0`;
  const { stdout, stderr } = await runTool('ffprobe', [
    ...['-v', 'error', '-of', 'json', '-count_frames'],
    ...['-show_entries', 'stream=codec_name,nb_read_frames', url],
  ]);
  t.equal(stderr, '');
  const { streams } = JSON.parse(stdout.toString());
  const found = Object.fromEntries(
    streams.map((each: Record<string, string>) => [each.codec_name, Number(each.nb_read_frames)]),
  );
  for (const [kind, codec] of [
    ['video', 'h264'],
    ['audio', 'opus'],
  ] as const) {
    let frames = 0;
    for (const { initPath, path } of recorded.publisher.of(kind)) {
      const file = (object: string) => join(recorded.root, object);
      frames += (await probeSegment(file(initPath), file(path))).packetCount;
    }
    t.ok(Math.abs(found[codec]! - frames) <= 2, `${found[codec]} of ${frames} in ${codec}`);
  }
});

t.test('sound alone', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(5), { video: false });
  const { variant, audio } = await playlistsOf(recorded, 'start=0');
  t.equal(variant.codecs, 'opus');
  t.equal(audio, undefined);
  t.match(variant.uri, /^audio\.m3u8\?start=0$/);
  const pictures = await recorded.app.inject('/api/playback/cam1/video.m3u8?start=0');
  t.equal(pictures.statusCode, 404);
  t.equal(pictures.json().message, 'no video is recorded of cam1 in this range');
});

t.test('what HLS cannot carry', async (t) => {
  const recorded = await recordedApp(t, (publisher) => publisher.run(3));
  const manifest = join(recorded.root, 'cam1/2026/03/04/manifest.mpd');
  const text = await readFile(manifest, 'utf8');
  // As if its pictures were VP8.
  const webm = text
    .replaceAll('video/mp4', 'video/webm')
    .replaceAll('"seg_$Number%04d$.m4s"', '"seg_$Number%04d$.webm"');
  await writeFile(manifest, webm);
  const row = recorded.publisher.of('video')[0]!;
  const path = row.path.replace('.m4s', '.webm');
  await recorded.segmentIndex.add({ ...row, path, codec: 'vp8' });
  for (const name of ['index', 'video', 'audio']) {
    const reply = await recorded.app.inject(`/api/playback/cam1/${name}.m3u8?start=0`);
    t.equal(reply.statusCode, 400);
    t.match(reply.json().message, /^HLS carries no WebM/);
  }
});
