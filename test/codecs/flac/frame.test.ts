import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { flacSamples, isFlacFrameWhole } from '../../../src/codecs/flac/frame-header.ts';
import { MOST_SAMPLES, writeFlacFrame } from '../../../src/codecs/flac/frame-writer.ts';
import { G711Configuration } from '../../../src/codecs/g711/configuration.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { segment } from '../../containers/mp4/encoded-media.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';
import { seededRandom } from '../../rtp/packets.ts';

const random = seededRandom(9639);
const below = (limit: number) => Math.floor(random() * limit);

/** Kinds of sound that are encoded differently: each a function of the place of a sample. */
const SOUNDS: Record<string, (i: number) => number> = {
  silence: () => 0,
  'one value': () => -32_768,
  noise: () => below(65_536) - 32_768,
  'noise of few values': () => 4 * (below(5) - 2),
  tone: (i) => Math.round(12_000 * Math.sin(i / 7)),
  ramp: (i) => (i * 40) % 30_000,
  extremes: (i) => (i % 2 === 0 ? 32_767 : -32_768),
  'a click': (i) => (i === 3 ? 32_767 : 0),
  'wasted bits': (i) => 4096 * ((i % 15) - 7),
};

t.test(
  'frames of all kinds of sound and of any length are decoded by ffmpeg to the bit',
  async (t) => {
    if (!requireFfmpeg(t)) return;
    const frames = Object.values(SOUNDS).flatMap((sound) =>
      [1, 2, 3, 4, 5, 16, 80, 160, 161, 240, 1000, 4096].map((length) =>
        Int16Array.from({ length }, (_, i) => sound(i)),
      ),
    );
    const samples: Sample[] = [];
    let time = 0;
    for (const frame of frames) {
      const { length } = frame;
      samples.push({ time, duration: length, keyframe: true, parts: [writeFlacFrame(frame)] });
      time += length;
    }
    const path = join(t.testdir(), 'flac.mp4');
    const header = mp4.initialization(trackFormat(mp4, new G711Configuration('pcmu')));
    await writeFile(path, Buffer.concat([header, segment('audio', samples, 50)]));
    const { stdout, stderr } = await runTool('ffmpeg', [
      ...['-v', 'warning', '-i', path, '-f', 's16le', '-'],
    ]);
    t.equal(stderr, '');
    const expected = Buffer.concat(frames.map(({ buffer }) => Buffer.from(buffer)));
    t.equal(stdout.length, expected.length);
    t.ok(stdout.equals(expected));
  },
);

t.test('a frame says how long it is, and a changed one is found out', async (t) => {
  for (const length of [1, 15, 160, 255, 256, 257, MOST_SAMPLES]) {
    const frame = writeFlacFrame(Int16Array.from({ length }, (_, i) => SOUNDS.tone!(i)));
    t.equal(flacSamples(frame), length);
    t.ok(isFlacFrameWhole(frame));
    for (let i = 0; i < 20; i++) {
      const changed = Buffer.from(frame);
      changed[below(changed.length)]! ^= 1 << below(8);
      t.notOk(isFlacFrameWhole(changed) && flacSamples(changed) !== undefined);
    }
    t.notOk(isFlacFrameWhole(frame.subarray(0, -1)), 'cut short');
  }
  t.throws(() => writeFlacFrame(new Int16Array(0)), RangeError);
  t.throws(() => writeFlacFrame(new Int16Array(MOST_SAMPLES + 1)), RangeError);
});

t.test('frames of other encoders tell their length, too', async (t) => {
  if (!requireFfmpeg(t)) return;
  for (const size of [192, 576, 1000, 1024, 4608]) {
    const { stdout } = await runTool('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', 'sine=sample_rate=8000:duration=2'],
      ...[
        '-ac',
        '1',
        '-c:a',
        'flac',
        '-frame_size',
        String(size),
        '-f',
        'data',
        '-map',
        '0:a',
        '-',
      ],
    ]);
    t.equal(flacSamples(stdout), size);
  }
});

t.test('sound takes less room than its samples', async (t) => {
  const tone = Int16Array.from({ length: 160 }, (_, i) => SOUNDS.tone!(i));
  t.ok(writeFlacFrame(tone).length < 230);
  t.ok(writeFlacFrame(new Int16Array(160)).length <= 13);
  const noise = Int16Array.from({ length: 160 }, () => SOUNDS.noise!(0));
  t.ok(writeFlacFrame(noise).length <= 320 + 12);
});
