import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { decodedFrames } from '../containers/mp4/encoded-media.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedApp } from '../playback/recorded-app.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';

t.test('the keyframe at or before a time, as a file that is drawn', async (t) => {
  if (!requireFfmpeg(t)) return;
  t.testdir({});
  const { app } = await recordedApp(t, async (publisher) => {
    await publisher.run(7);
  });
  const source = await decodedFrames(join(import.meta.dirname, '../fixtures/flash-and-beep.h264'));
  const get = (ts: number | string, headers = {}) =>
    app.inject({ url: `/api/playback/cam1/picture?ts=${ts}&width=320`, headers });
  for (const [afterUs, second] of [
    [0, 0],
    [1_999_000, 0],
    [2_000_000, 2],
    [5_500_000, 4],
  ] as const) {
    const reply = await get(NOON_US + afterUs);
    t.equal(reply.statusCode, 200);
    t.equal(reply.headers['content-type'], 'video/mp4');
    t.equal(Number(reply.headers['picture-time']), NOON_US + second * 1e6);
    t.match(reply.headers['cache-control'], /immutable/);
    const file = join(t.testdirName, `${afterUs}.mp4`);
    await writeFile(file, reply.rawPayload);
    t.same(await decodedFrames(file), [source[second * 30]], `${afterUs} µs`);
  }
  const last = await get(NOON_US + 30e6);
  t.equal(Number(last.headers['picture-time']), NOON_US + 6e6);
  t.equal(last.headers['cache-control'], 'no-cache', 'a nearer one may come');
  const again = await get(NOON_US, { 'if-none-match': (await get(NOON_US)).headers.etag });
  t.equal(again.statusCode, 304);
  for (const ts of [NOON_US - 1, NOON_US + 67e6 + 1]) {
    const reply = await get(ts);
    t.equal(reply.statusCode, 404);
    t.match(reply.json().message, /no picture is recorded of cam1 at 2026-03-04T1[12]:/);
  }
  t.equal((await get('now')).statusCode, 400);

  const browser = await requireChromium(t);
  if (browser === undefined) return;
  await app.listen({ port: 0 });
  const page = await browser.newPage();
  const { port } = app.server.address() as { port: number };
  await page.goto(`http://127.0.0.1:${port}/api/info`);
  const drawn = await page.evaluate<{ width: number; height: number; mean: number }>(`(async () => {
    const video = document.createElement('video');
    video.src = '/api/playback/cam1/picture?ts=${NOON_US + 2_000_000}';
    await new Promise((resolve, reject) => {
      video.onloadeddata = resolve;
      video.onerror = () => reject(new Error(video.error.message));
    });
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    const draw = () => {
      context.drawImage(video, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((a, b) => a + b) / data.length;
    };
    // The picture may come a moment later than the event.
    const giveUp = performance.now() + 10_000;
    let mean = draw();
    while (mean <= 100 && performance.now() < giveUp) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      mean = draw();
    }
    return { width: canvas.width, height: canvas.height, mean };
  })()`);
  t.match(drawn, { width: 320, height: 180 });
  t.ok(drawn.mean > 100, `a picture, not black: ${drawn.mean}`);
});

t.test('what is missing or damaged is said', async (t) => {
  const { app, root, publisher } = await recordedApp(t, async (publisher) => {
    await publisher.run(5);
  });
  const get = async (us: number) => {
    const reply = await app.inject(`/api/playback/cam1/picture?ts=${us}`);
    return `${reply.statusCode} ${reply.json().message}`;
  };
  const [first, second] = publisher.of('video');
  await truncate(join(root, first!.path), 1000);
  t.match(await get(NOON_US), /^409 .*seg_0001.m4s is damaged/);
  await rm(join(root, second!.path));
  t.match(await get(NOON_US + 2_500_000), /^409 .*seg_0002.m4s is missing/);
  await rm(join(root, first!.initPath));
  t.match(await get(NOON_US + 4_500_000), /^409 .*init.m4s is missing/);
});
