import { readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg, runTool } from '../media/tool.ts';
import { recordedApp } from '../playback/recorded-app.ts';
import { type CodecClip, encodeCodecClip, inTurn } from '../recording/every-codec/codec-clips.ts';
import { encodeSound } from '../recording/sound-clips.ts';
import { download, open } from './exported.ts';

const SIZE = { width: 320, height: 180 };
/** Pictures of a clip: two seconds. */
const FRAMES = 60;
/** How long a picture may take on a busy machine, ms. */
const PATIENCE_MS = 10_000;

/** A page's video element, with what it shows in the middle of each stretch of two seconds. */
const PLAY = (url: string, times: readonly number[]) => `(async () => {
  const video = document.createElement('video');
  const happens = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
  });
  video.muted = true;
  video.src = '${url}';
  await happens('loadeddata');
  const shown = [];
  for (const time of ${JSON.stringify(times)}) {
    const sought = happens('seeked');
    video.currentTime = time;
    await sought;
    const canvas = new OffscreenCanvas(${SIZE.width}, ${SIZE.height});
    const context = canvas.getContext('2d');
    const isBright = () => {
      context.drawImage(video, 0, 0, ${SIZE.width}, ${SIZE.height});
      const { data } = context.getImageData(0, 0, ${SIZE.width}, ${SIZE.height});
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
      return sum / (data.length / 4) > 30;
    };
    // The picture may come a moment later than the event.
    const giveUp = performance.now() + ${PATIENCE_MS};
    let bright = isBright();
    while (!bright && performance.now() < giveUp) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      bright = isBright();
    }
    shown.push({ width: video.videoWidth, bright });
  }
  video.currentTime = 0;
  await happens('seeked');
  const ended = happens('ended');
  video.playbackRate = 4;
  await video.play();
  await ended;
  return { duration: video.duration, shown };
})()`;

interface Played {
  duration: number;
  shown: { width: number; bright: boolean }[];
}

t.test('codecs that follow each other: a track each, and all of their pictures', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir({});
  const clips: CodecClip[] = [];
  for (const name of ['h264', 'vp9', 'av1'] as const) {
    clips.push(await encodeCodecClip(folder, name, { ...SIZE, frames: FRAMES }));
  }
  const frames = inTurn(clips);
  const recorded = await recordedApp(t, (publisher) => publisher.run(frames.length / 30 - 0.05), {
    frames,
  });
  const segments = recorded.publisher.of('video');
  const range = { start: segments[0]!.startUs, end: segments.at(-1)!.endUs };
  for (const gaps of ['cut', 'keep'] as const) {
    const { path } = await download(t, recorded, 'export.mp4', { ...range, gaps });
    for (const [place, { hashes, ffmpegName }] of clips.entries()) {
      const { pictures, streams, duration } = await open(path, place);
      const video = streams.filter(({ codec_type }) => codec_type === 'video');
      t.equal(video.length, clips.length);
      t.equal(video[place]!.codec_name, ffmpegName);
      const seconds = (range.end - range.start) / 1e6;
      t.ok(Math.abs(duration - seconds) < 0.002, `${duration} of ${seconds} s`);
      const shown = pictures.filter(({ time }) => time >= 0).map(({ hash }) => hash);
      // The last one may not have come whole.
      t.same(shown, hashes.slice(0, shown.length), `${gaps}: ${ffmpegName}`);
      t.ok(shown.length >= FRAMES - 2, `${shown.length} pictures`);
      const [first] = pictures.filter(({ time }) => time >= 0);
      t.ok(Math.abs(first!.time - place * 2) < 0.034, `from ${first!.time} on`);
    }
  }
});

t.test('several sample entries of one codec, and of VP8, in Chromium', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  for (const [codec, file] of [
    ['h264', 'export.mp4'],
    ['vp8', 'export.webm'],
  ] as const) {
    t.test(codec, async (t) => {
      const folder = t.testdir({});
      const clips: CodecClip[] = [];
      for (const size of [SIZE, { width: 640, height: 360 }]) {
        clips.push(await encodeCodecClip(folder, codec, { ...size, frames: FRAMES }));
      }
      const frames = inTurn([...clips, clips[0]!]);
      const recorded = await recordedApp(
        t,
        async (publisher) => {
          await publisher.run(4);
          publisher.recording.detach();
          await publisher.run(2, () => 'never sent');
          publisher.attach();
          await publisher.run(4);
        },
        { frames },
      );
      const segments = recorded.publisher.of('video');
      const query = { start: segments[0]!.startUs, end: segments.at(-1)!.endUs };
      const address = await recorded.app.listen({ port: 0, host: '127.0.0.1' });
      const page = await browser.newPage();
      t.teardown(() => page.close());
      await page.goto(`${address}/api/info`);
      for (const gaps of ['cut', 'keep'] as const) {
        const { path } = await download(t, recorded, file, { ...query, gaps });
        const { duration } = await open(path);
        const url = `/api/playback/cam1/${file}?start=${query.start}&end=${query.end}&gaps=${gaps}`;
        const times = [1, 3, 0.5, duration - 1];
        const played = await page.evaluate<Played>(PLAY(url, times));
        t.ok(Math.abs(played.duration - duration) < 0.05, `${played.duration} of ${duration} s`);
        t.same(
          played.shown.slice(0, 3).map(({ width }) => width),
          [320, 640, 320],
          `${gaps}: each in its own size`,
        );
        t.ok(
          played.shown.every(({ bright }) => bright),
          'and not black',
        );
        if (gaps !== 'keep') continue;
        const whole = (query.end - query.start) / 1e6;
        t.ok(Math.abs(duration - whole) < 0.04, `${duration} of ${whole} s with the gap`);
      }
    });
  }
});

for (const name of ['pcmu', 'pcma'] as const) {
  t.test(`${name} is exported as FLAC, without a loss`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const sound = await encodeSound(t.testdir({}), name);
    const recorded = await recordedApp(t, (publisher) => publisher.run(8), { sounds: [sound] });
    const [first] = recorded.publisher.of('audio');
    // A whole number of packets from its beginning.
    const start = first!.startUs + 2_000_000;
    const { path } = await download(t, recorded, 'export.mp4', { start, end: start + 4_000_000 });
    const { streams, duration } = await open(path);
    const audio = streams.find(({ codec_type }) => codec_type === 'audio')!;
    t.match(audio, { codec_name: 'flac', sample_rate: '8000', channels: 1 });
    t.ok(Math.abs(duration - 4) < 0.002, `${duration} s`);
    const samples = async (args: string[]) => {
      const { stdout } = await runTool('ffmpeg', [
        ...['-v', 'error', ...args],
        ...['-f', 's16le', '-ac', '1', '-'],
      ]);
      return stdout;
    };
    const exported = await samples(['-i', path, '-map', '0:a']);
    const raw = `${path}.raw`;
    await writeFile(raw, Buffer.concat(sound.packets));
    const format = name === 'pcmu' ? 'mulaw' : 'alaw';
    const sent = await samples(['-f', format, '-ar', '8000', '-ac', '1', '-i', raw]);
    t.ok(Math.abs(exported.length - 4 * 8000 * 2) <= 2 * 160 * 2, `${exported.length} bytes`);
    // The clip is two seconds that are sent over and over.
    const looped = Buffer.concat([sent, sent, sent, sent]);
    const at = looped.indexOf(exported.subarray(0, 32_000));
    t.ok(at >= 0, 'the same samples');
    const length = Math.min(exported.length, looped.length - at) - 320;
    t.ok(exported.subarray(0, length).equals(looped.subarray(at, at + length)), 'to the end');
    t.ok((await readFile(path)).includes('fLaC'), 'in the file');
  });
}
