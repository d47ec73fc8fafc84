import t from 'tap';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { requireChromium } from '../chromium/launch.ts';
import { type PlayerName, playManifest, playToTheEnd, seek } from '../manifest/player-page.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { type CodecClip, encodeCodecClip, inTurn } from '../recording/every-codec/codec-clips.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { recordedApp } from './recorded-app.ts';

const PLAYERS: PlayerName[] = ['dash.js', 'shaka'];
const BEFORE_MIDNIGHT_US = NOON_US + 12 * 3600e6 - 6e6;
/** Seconds that a picture is shown. */
const FRAME = 1 / 30;

t.test('over midnight, another picture size and a pause, in every player', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const { app } = await recordedApp(
    t,
    async (publisher) => {
      // Another clip is sent from its keyframe on.
      await publisher.run(11.99);
      publisher.clip = 'moving-640x360.h264';
      await publisher.run(6);
      await publisher.run(20, () => true);
      await publisher.run(6);
    },
    { startUs: BEFORE_MIDNIGHT_US },
  );
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  const address = `${origin}/api/playback/cam1/manifest.mpd`;
  const whole = `${address}?start=2026-03-04T00:00:00Z`;
  const text = await (await fetch(whole)).text();
  const { periods, live } = readMpd(text.replaceAll(/<BaseURL>.*<\/BaseURL>/g, ''));
  t.equal(live, false, 'nobody records any more');
  t.equal(periods.length, 4);
  const seconds = periods.map(({ video }) => {
    const { startTicks, endTicks } = video!.timeline;
    return (endTicks - startTicks) / video!.timescale;
  });
  const total = seconds.reduce((sum, each) => sum + each);
  for (const player of PLAYERS) {
    t.test(player, async (t) => {
      const page = await playManifest(t, browser, player, whole);
      const { frames, errors, endedAt } = await playToTheEnd(page);
      t.same(errors, []);
      t.ok(frames[0]!.time <= 0.5, `begins at ${frames[0]!.time}`);
      t.ok(Math.abs(endedAt - total) < 0.1, `ends at ${endedAt} of ${total}`);
      t.same([...new Set(frames.map(({ width }) => width))], [320, 640]);
      const change = frames.find(({ width }) => width === 640)!.time;
      t.ok(change >= seconds[0]! + seconds[1]! - FRAME && change < seconds[0]! + seconds[1]! + 0.6);
      for (const [target, width] of [
        [seconds[0]! - 1, 320],
        [total - 1, 640],
        [seconds[0]! + 2, 320],
        [total - seconds[3]! - 1, 640],
      ] as const) {
        const shown = await seek(page, target);
        t.equal(shown.width, width, `at ${target}`);
        t.ok(Math.abs(shown.time - target) <= FRAME + 0.01, `picture of ${shown.time}`);
      }
    });
  }
  t.test('a part of it', async (t) => {
    // From within the second segment to after the pause.
    const start = encodeURIComponent('2026-03-05T00:59:57.500+01:00');
    const page = await playManifest(
      t,
      browser,
      'shaka',
      `${address}?start=${start}&end=${BEFORE_MIDNIGHT_US + 39e6}`,
    );
    const { frames, errors, endedAt } = await playToTheEnd(page);
    t.same(errors, []);
    t.ok(Math.abs(endedAt - (total - 2 - 4)) < 0.1, `ends at ${endedAt}`);
    t.same([...new Set(frames.map(({ width }) => width))], [320, 640]);
  });
});

t.test('streams with a slash, and proxies with a path of their own', async (t) => {
  const { app } = await recordedApp(t, (publisher) => publisher.run(3), {
    recording: { stream: 'site 1/cam%' },
  });
  for (const [name, up] of [
    ['site%201%2Fcam%25', 4],
    ['site%201/cam%25', 5],
  ] as const) {
    const reply = await app.inject(`/api/playback/${name}/manifest.mpd?start=0`);
    t.equal(reply.statusCode, 200);
    t.equal(reply.headers['content-type'], 'application/dash+xml');
    const [, base] = /<BaseURL>(.*)<\/BaseURL>/.exec(reply.body)!;
    t.equal(base, `${'../'.repeat(up - 1)}api/record/object/site%25201%252Fcam%2525/2026/03/04/`);
    const asked = `http://proxy/rec/api/playback/${name}/manifest.mpd`;
    const segment = new URL(`${base}seg_0001.m4s`, asked);
    t.ok(segment.pathname.startsWith('/rec/api/record/object/'));
    const found = await app.inject(segment.pathname.slice('/rec'.length));
    t.equal(found.statusCode, 200, segment.pathname);
  }
});

t.test('what there is not, and what is malformed', async (t) => {
  const { app } = await recordedApp(t, (publisher) => publisher.run(3));
  const get = async (query: string, stream = 'cam1') => {
    const reply = await app.inject(`/api/playback/${stream}/manifest.mpd${query}`);
    return [reply.statusCode, reply.json().message];
  };
  t.match(await get('?start=0', 'cam2'), [404, 'nothing is recorded of cam2 in this range']);
  t.match(await get(`?start=${NOON_US + 60e6}`), [404, /nothing is recorded/]);
  t.match(await get('?start=1753315200'), [400, /start: looks like seconds/]);
  t.match(await get('?start=2026-03-04T12:00:00'), [400, /needs an offset/]);
  t.match(await get('?start=5&end=5'), [400, 'end: must be later than start']);
  t.match(await get(''), [400, /start/]);
  t.match(await get('?start=0', 'object'), [400, /stream/]);
});

t.test('a manifest that has not changed is not sent again', async (t) => {
  const { app } = await recordedApp(t, (publisher) => publisher.run(3));
  const url = '/api/playback/cam1/manifest.mpd?start=0';
  const { etag } = (await app.inject(url)).headers;
  const again = await app.inject({ url, headers: { 'if-none-match': etag } });
  t.equal(again.statusCode, 304);
});

t.test('codecs and containers that change', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const folder = t.testdir({});
  const clips: CodecClip[] = [];
  for (const name of ['h264', 'vp8', 'av1', 'vp9'] as const) {
    clips.push(await encodeCodecClip(folder, name, { width: 320, height: 180, frames: 120 }));
  }
  const frames = inTurn(clips);
  const { app } = await recordedApp(t, (publisher) => publisher.run(frames.length / 30 - 0.05), {
    frames,
  });
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `${origin}/api/playback/cam1/manifest.mpd?start=0`;
  const text = await (await fetch(url)).text();
  t.same(
    [...text.matchAll(/mimeType="(video\/\w+)"/g)].map(([, type]) => type),
    ['video/mp4', 'video/webm', 'video/mp4', 'video/mp4'],
  );
  for (const player of PLAYERS) {
    t.test(player, async (t) => {
      const page = await playManifest(t, browser, player, url);
      const seen = await playToTheEnd(page);
      t.same(seen.errors, []);
      t.ok(seen.endedAt > 15.5, `ends at ${seen.endedAt}`);
      // Pictures of each codec were shown.
      for (const second of [1, 5, 9, 13]) {
        t.ok(seen.frames.some(({ time }) => Math.abs(time - second) < 1));
      }
    });
  }
});
