import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { readAv1Configuration } from '../../src/codecs/av1/configuration.ts';
import { readVp9Configuration } from '../../src/codecs/vp9/configuration.ts';
import { requireChromium } from '../chromium/launch.ts';
import { writeIvf } from '../codecs/encoded-frames.ts';
import { requireFfmpeg, runTool } from '../media/tool.ts';
import { publishFromChromium } from './chromium-publisher.ts';
import { listenWhip, until } from './whip-server.ts';

const PICTURE = { width: 640, height: 360, noiseSide: 64, maxBitrate: 2_000_000 };
const PICTURES = 120;

const CASES = [
  ['VP9', 'L2T1'],
  ['AV1', 'L2T1'],
  ...(process.env.CI === 'true'
    ? ([
        ['VP9', 'L1T3'],
        ['VP9', 'L3T3'],
        ['VP9', 'L3T3_KEY'],
        ['AV1', 'L1T3'],
        ['AV1', 'L3T3_KEY'],
      ] as const)
    : []),
] as const;

for (const [codec, scalabilityMode] of CASES) {
  t.test(`${codec} ${scalabilityMode} of Chromium shows its highest layer`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const browser = await requireChromium(t);
    if (browser === undefined) return;
    const server = await listenWhip(t);
    const { pageUrl } = server;
    await publishFromChromium(browser, { pageUrl, ...PICTURE, codec, scalabilityMode });
    const { video } = server.sinks[0]!.units;
    await until(() => video.length >= PICTURES);
    const units = video.splice(0, PICTURES);
    t.ok(units[0]!.keyframe);
    const samples = units.map(({ parts }) => Buffer.concat(parts));
    const shown = await shownWidths(t, codec === 'VP9' ? 'vp9' : 'av1', samples);
    t.equal(shown.length, samples.length, 'one picture of each');
    const read = codec === 'VP9' ? readVp9Configuration : readAv1Configuration;
    const widths = new Set<number>();
    let width = 0;
    for (const [i, { keyframe, parts }] of units.entries()) {
      if (keyframe) width = read(parts)!.width;
      if (keyframe) widths.add(width);
      // A sender may leave out the upper layers of some pictures.
      if (shown[i]! > width) t.fail(`picture ${i}: ${shown[i]} wide, its keyframe ${width}`);
    }
    for (const each of widths) t.ok(shown.includes(each), `${each} wide is shown`);
    t.ok(Math.max(...widths) > PICTURE.width / 2, 'the lower layer is not all');
  });
}

/** Widths of the pictures that ffmpeg decodes, which must not complain. */
async function shownWidths(t: Test, codec: 'vp9' | 'av1', samples: Buffer[]): Promise<number[]> {
  const file = path.join(t.testdir(), 'layers.ivf');
  await writeFile(file, writeIvf(codec, PICTURE, samples));
  const { stdout, stderr } = await runTool('ffprobe', [
    ...['-v', 'error', '-show_entries', 'frame=width', '-of', 'csv=p=0', file],
  ]);
  t.equal(stderr, '');
  return String(stdout).trim().split('\n').map(Number);
}
