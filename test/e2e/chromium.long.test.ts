import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { playLive, playThrough } from '../chromium/play-through.ts';
import { PLAYER_NAMES } from '../chromium/player-page.ts';
import { picturesAtRest, recordStatus, untilStatus } from '../chromium/recorder-replies.ts';
import { avOffsets } from '../media/av-offset.ts';
import { probeSegment } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { objectAddress } from '../server/play.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const STREAM = 'from Chromium';
const PUBLISH_MS = 35_000;

t.setTimeout(300_000);

const inOrder = (names: string[], pattern: RegExp) => names.filter((n) => pattern.test(n)).sort();

const medianOf = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

t.test('Chromium publishes H264 and Opus; the recording plays live and after', async (t) => {
  t.setTimeout(280_000);
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const recorder = await startRecorder(t, { segmentSeconds: 10, autoStreams: [] });
  const context = await browser.newContext();
  const publisher = await ConsolePage.open(context, recorder.url);
  await publisher.publish({ stream: STREAM });
  await publisher.untilState(STREAM, 'recording');
  const { mpd_path: mpdPath = '', published_at: publishedAt = 0 } = await untilStatus(
    recorder.url,
    STREAM,
    'recording',
    ({ state }) => state === 'recording',
  );
  const objectUrl = (path: string) => objectAddress(recorder.url, path);
  const segments = await fetch(
    `${recorder.url}/api/record/segments?stream=${encodeURIComponent(STREAM)}&kind=video&wait=60`,
  );
  t.equal(((await segments.json()) as { segments: object[] }).segments.length, 1);

  await t.test('during the recording', async (t) => {
    for (const name of PLAYER_NAMES) await playLive(t, context, name, objectUrl(mpdPath));
  });

  while (Date.now() - publishedAt < PUBLISH_MS) await delay(200);
  const rate = await publisher.sendRate();
  t.comment(`Chromium sends ${(rate / 1e6).toFixed(2)} of 2.50 Mbit/s`);
  await publisher.freezePicture();
  const received = await picturesAtRest(recorder.url, STREAM);
  const status = await recordStatus(recorder.url, STREAM);
  for (const track of status.tracks) t.equal(track.packets_lost, 0, `no ${track.kind} was lost`);
  // Chromium counts a picture as sent that it drops from its own queue later, where a keyframe
  // overtakes it; that all packets arrive is shown in test/ingest/chromium.long.test.ts.
  const sent = await publisher.framesSent();
  t.ok(sent >= received, `${received} pictures of ${sent} were sent out and arrived`);
  await publisher.stopPublishing();

  const folder = join(recorder.root, ...status.record_dir!.split('/'));
  const manifest = async () => readMpd(await readFile(join(folder, 'manifest.mpd'), 'utf8'));
  await until('a static manifest', async () => (await manifest()).type === 'static');
  const names = await readdir(folder);
  const videoSegments = inOrder(names, /^seg_\d{4}\.m4s$/);
  const audioSegments = inOrder(names, /^audio_seg_\d{4}\.m4s$/);

  await t.test('the day folder', async (t) => {
    for (const name of ['manifest.mpd', 'init.m4s', 'audio_init.m4s']) t.ok(names.includes(name));
    t.ok(videoSegments.length >= 3, `${videoSegments.length} of video`);
    t.ok(audioSegments.length >= 3, `${audioSegments.length} of audio`);
  });

  // Where Chromium changes the size of its picture, a Period with other parameter sets begins.
  const { periods } = await manifest();
  const sizes = periods.map(({ adaptationSets }) => adaptationSets.map(({ width }) => width ?? 0));
  t.comment(`widths of the picture, Period by Period: ${sizes.map((s) => Math.max(...s))}`);
  const filesOf = (kind: 'video' | 'audio') =>
    periods
      .flatMap(({ adaptationSets }) => adaptationSets.filter((set) => set.contentType === kind))
      .map(({ initialization, segments }) =>
        [initialization, ...segments.map(({ file }) => file)].map((name) => join(folder, name)),
      );

  await t.test('every picture that was received is decoded, without an error', async (t) => {
    let decoded = 0;
    for (const [init, ...segments] of filesOf('video')) {
      for (const segment of segments) {
        const probed = await probeSegment(init!, segment);
        t.strictSame(probed.errors, [], basename(segment));
        t.equal(probed.streams[0]?.codecName, 'h264');
        t.equal(probed.keyframePts[0], probed.pts[0], 'begins with a keyframe');
        decoded += probed.frameCount;
      }
    }
    t.equal(decoded, received);
    for (const [init, ...segments] of filesOf('audio')) {
      for (const segment of segments) {
        const probed = await probeSegment(init!, segment);
        t.strictSame(probed.errors, [], basename(segment));
        t.equal(probed.streams[0]?.codecName, 'opus');
        t.ok(probed.frameCount > 0);
      }
    }
    const listed = new Set([...filesOf('video'), ...filesOf('audio')].flat());
    const stored = names.filter((name) => name.endsWith('.m4s')).map((name) => join(folder, name));
    t.strictSame([...listed].toSorted(), stored.toSorted(), 'the manifest names what is stored');
  });

  await t.test('after the recording', async (t) => {
    for (const name of PLAYER_NAMES) {
      const begun = await playThrough(t, context, name, objectUrl(mpdPath), 34);
      const offsets = avOffsets(begun.flashes, begun.beeps).map(({ offsetMs }) => offsetMs);
      t.comment(`${name}: beep after flash, ms: ${offsets.map(Math.round)}`);
      t.ok(offsets.length >= 3, 'a flash and a beep each second');
      t.ok(Math.abs(medianOf(offsets)) < 100, 'picture and sound belong together');
    }
  });

  await t.test('the console’s own player', async (t) => {
    const { page } = publisher;
    await publisher.play(STREAM);
    const untilClock = (ms: number) =>
      until(`the clock at ${ms}`, async () => (await publisher.clockMs()) >= ms);
    await untilClock(publishedAt + 1000);
    await page.waitForSelector('#playback-toggle[aria-label="Pause"]');
    await page.selectOption('#zone', 'UTC');
    const sought = Math.floor(publishedAt / 1000) * 1000 + 30_000;
    await page.fill('#moment', new Date(sought).toISOString().slice(0, 19));
    await page.press('#moment', 'Enter');
    await untilClock(sought + 500);
    t.equal(await page.evaluate(`document.querySelector('.tile video').videoWidth > 0`), true);
    await page.waitForSelector('#playback-toggle[aria-label="Play"]');
    const reply = await fetch(`${recorder.url}/api/recorder/streams`);
    const [stream] = (await reply.json()) as { recordings: { end_ts: number }[] }[];
    const end = (await publisher.clockMs()) - stream!.recordings[0]!.end_ts / 1000;
    t.ok(Math.abs(end) < 500, `plays to the end, and stands ${end} ms from it`);
    t.ok(await page.isHidden('.tile .screen-note'));
    t.strictSame(publisher.faults, []);
  });

  t.equal(await recorder.stop(), 0);
});
