import { join } from 'node:path';
import t, { type Test } from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { decodedFrames } from '../containers/mp4/encoded-media.ts';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodeFlashes } from '../media/flashes.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedApp } from '../playback/recorded-app.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { download, open } from './exported.ts';

const MIDNIGHT_US = NOON_US + 43_200e6;
const FRAME = 1 / 30;
const FIXTURES = join(import.meta.dirname, '../fixtures');

/** Digests of the pictures of a clip, in the order in which they are shown. */
const picturesOf = (clip: string) => decodedFrames(join(FIXTURES, clip));

/** Six seconds before midnight, seven of nothing, eight after it that are of another size. */
function overGapAndMidnight(t: Test) {
  return recordedApp(
    t,
    async (publisher) => {
      await publisher.run(6);
      publisher.recording.detach();
      await publisher.run(7, () => 'never sent');
      publisher.attach();
      publisher.clip = 'moving-640x360.h264';
      await publisher.run(8);
    },
    { startUs: MIDNIGHT_US - 8e6 },
  );
}

t.test('a gap, another resolution and midnight are in one file, exact to a frame', async (t) => {
  if (!requireFfmpeg(t)) return;
  t.testdir({});
  const recorded = await overGapAndMidnight(t);
  const small = await picturesOf('flash-and-beep.h264');
  const large = await picturesOf('moving-640x360.h264');
  // Within the 96th picture, of which two thirds are left.
  const startUs = MIDNIGHT_US - 8e6 + Math.round(95e6 * FRAME) + 11_111;
  const endUs = MIDNIGHT_US + 11e6;
  const seen: Record<string, Awaited<ReturnType<typeof open>>> = {};
  for (const gaps of ['cut', 'keep'] as const) {
    const file = await download(t, recorded, 'export.mp4', { start: startUs, end: endUs, gaps });
    seen[gaps] = await open(file.path);
    const { pictures, streams } = seen[gaps];
    t.equal(pictures[0]!.hash, small[95 % small.length], 'it begins with what was shown then');
    t.equal(pictures[0]!.time, 0);
    t.ok(Math.abs(pictures[1]!.time - (FRAME - 0.011111)) < 0.0001, `${pictures[1]!.time}`);
    const change = pictures.findIndex(({ hash }) => large.includes(hash));
    const firstLarge = large.indexOf(pictures[change]!.hash);
    t.equal(firstLarge % 60, 0, 'behind the gap it goes on with a keyframe');
    const expected = pictures.map((_, i) =>
      i < change ? small[(95 + i) % small.length] : large[(firstLarge + i - change) % large.length],
    );
    t.same(
      pictures.map(({ hash }) => hash),
      expected,
      'no picture is missing, or there twice',
    );
    t.same(
      streams.map(({ codec_type }) => codec_type),
      ['video', 'audio'],
    );
    const sound = (await decodeBeeps([file.path])).length;
    t.ok(sound > 6, `${sound} beeps`);
  }
  const { cut, keep } = seen as { cut: Awaited<ReturnType<typeof open>>; keep: typeof cut };
  t.equal(cut.pictures.length, keep.pictures.length);
  t.ok(Math.abs(keep.duration - (endUs - startUs) / 1e6) < 0.001, `${keep.duration}`);
  // The recording began anew at the first picture after the gap.
  const [firstLarge] = recorded.publisher
    .of('video')
    .filter(({ startUs }) => startUs > MIDNIGHT_US);
  const lastSmall = recorded.publisher.of('video').findLast(({ startUs }) => startUs < MIDNIGHT_US);
  const gap = (firstLarge!.startUs - lastSmall!.endUs) / 1e6;
  t.ok(gap > 6, `${gap}`);
  const leftOut = keep.duration - cut.duration;
  t.ok(Math.abs(leftOut - gap) < FRAME, `${leftOut} of ${gap} s are left out`);
  const at = (opened: typeof cut) => opened.pictures.find(({ hash }) => large.includes(hash))!.time;
  t.ok(Math.abs(at(keep) - (firstLarge!.startUs - startUs) / 1e6) < 0.001, 'time stays true');
  t.ok(Math.abs(at(keep) - at(cut) - gap) < FRAME);
});

t.test('Chromium plays and seeks in it, over the gap and the change of resolution', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const { app } = await overGapAndMidnight(t);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const page = await browser.newPage();
  await page.goto(`${address}/api/info`);
  const range = `start=${MIDNIGHT_US - 5_000_000}&end=${MIDNIGHT_US + 11e6}&gaps=keep`;
  const seen = await page.evaluate<{ duration: number; widths: number[] }>(`(async () => {
    const video = document.createElement('video');
    const happens = (name) => new Promise((resolve, reject) => {
      video.addEventListener(name, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
    video.muted = true;
    video.src = '/api/playback/cam1/export.mp4?${range}';
    await happens('loadeddata');
    const widths = [];
    for (const time of [1, 14, 6, 11.9, 0.5]) {
      const sought = happens('seeked');
      video.currentTime = time;
      await sought;
      widths.push(video.videoWidth);
    }
    // Over the end of the gap, by playing.
    const sought = happens('seeked');
    video.currentTime = 10;
    await sought;
    const ended = happens('ended');
    video.playbackRate = 4;
    await video.play();
    await ended;
    return { duration: video.duration, widths };
  })()`);
  t.ok(Math.abs(seen.duration - 16) < 0.01, `${seen.duration}`);
  t.same(seen.widths, [320, 640, 320, 640, 320]);
});

t.test('sound and picture stay in step, from the first flash on', async (t) => {
  if (!requireFfmpeg(t)) return;
  t.testdir({});
  const recorded = await recordedApp(t, async (publisher) => {
    await publisher.run(12);
  });
  const range = { start: NOON_US + 3_333_333, end: NOON_US + 9_777_777 };
  const { path } = await download(t, recorded, 'export.mp4', range);
  const flashes = await decodeFlashes([path]);
  const beeps = await decodeBeeps([path]);
  t.equal(flashes.length, 7);
  const offsets = avOffsets(flashes, beeps);
  t.equal(offsets.length, 7);
  for (const { time, offsetMs } of offsets)
    t.ok(Math.abs(offsetMs) < 5, `${offsetMs} ms at ${time}`);
  for (const [i, time] of flashes.entries()) {
    const expected = 3.5 + i - 3.333333;
    t.ok(Math.abs(time - expected) < FRAME / 2, `a flash at ${time} instead of ${expected}`);
  }
  const { duration } = await open(path);
  t.ok(Math.abs(duration - 6.444444) < 0.0001, `${duration}`);
});
