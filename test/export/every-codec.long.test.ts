import { mkdir } from 'node:fs/promises';
import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedApp } from '../playback/recorded-app.ts';
import { type ClipName, encodeCodecClip } from '../recording/every-codec/codec-clips.ts';
import { download, open } from './exported.ts';

const NAMES: ClipName[] = ['vp8', 'vp9', 'av1', 'h265', 'h265-reordered'];

for (const name of NAMES) {
  t.test(`${name}: a range of it is a file of the same pictures`, async (t) => {
    if (!requireFfmpeg(t)) return;
    await mkdir(t.testdir(), { recursive: true });
    const clip = await encodeCodecClip(t.testdirName, name, {
      ...{ width: 320, height: 180, frames: 90 },
    });
    const { frames, hashes, container } = clip;
    const recorded = await recordedApp(
      t,
      async (publisher) => {
        await publisher.run(6.1);
      },
      { frames },
    );
    const [first] = recorded.publisher.of('video');
    // Within the 31st picture, whose keyframe is the first.
    const start = first!.startUs + 1_010_000;
    const end = first!.startUs + 4_010_000;
    const { path } = await download(t, recorded, `export.${container}`, { start, end });
    const { pictures, streams, duration } = await open(path);
    t.same(
      streams.map(({ codec_name }) => codec_name),
      [clip.ffmpegName, 'opus'],
    );
    const from = container === 'mp4' ? 30 : 0;
    const to = 120;
    // FFmpeg's decoder of AV1 passes hidden pictures on, before the time at which the file begins.
    const shown = pictures.filter(({ time }) => time >= 0);
    const found = shown.map(({ hash }) => hash);
    const expected = Array.from(
      { length: to - from + 1 },
      (_, i) => hashes[(from + i) % hashes.length]!,
    );
    t.same(found.toSorted(), expected.toSorted(), 'all pictures of the range, and no other');
    t.same(found, expected, 'in their order');
    t.ok(
      shown.every(({ time }, i) => i === 0 || time > shown[i - 1]!.time),
      'times rise',
    );
    const seconds = container === 'mp4' ? 3 : 4.01;
    t.ok(Math.abs(duration - seconds) < 0.002, `${duration} s`);

    const other = container === 'mp4' ? 'webm' : 'mp4';
    const range = `start=${start}&end=${end}`;
    const reply = await recorded.app.inject(`/api/playback/cam1/export.${other}?${range}`);
    t.equal(reply.statusCode, 400);
    t.match(reply.json().message, `ask for export.${container} with the same range`);
  });
}
