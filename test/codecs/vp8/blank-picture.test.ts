import t from 'tap';
import { blankVp8Pictures } from '../../../src/codecs/vp8/blank-picture.ts';
import { Vp8Configuration } from '../../../src/codecs/vp8/configuration.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { decodedPictures } from '../decoded-pictures.ts';
import { writeIvf } from '../encoded-frames.ts';

for (const [width, height] of [
  [320, 180],
  [1, 1],
  [17, 15],
  [853, 481],
  [1080, 1920],
  [3840, 2160],
] as const) {
  t.test(`black of ${width} × ${height}`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const isUsual = width === 320;
    const like = isUsual ? undefined : new Vp8Configuration(width, height);
    const { configuration, parts } = blankVp8Pictures(like);
    t.match(configuration, { codecString: 'vp8', width, height });
    const frames = [0, 1].map((index) => Buffer.concat(parts(index)));
    const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
    t.ok(frames[0]!.length < 30 + macroblocks * 0.45, `${frames[0]!.length} bytes`);
    const file = writeIvf('vp8', { width, height }, frames);
    const pixels = await decodedPictures('ivf', file, 'yuv420p');
    const samples = width * height;
    const picture = samples + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
    t.equal(pixels.length, 2 * picture);
    for (const at of [0, picture]) {
      t.ok(pixels.subarray(at, at + samples).every((luma) => luma === 16));
      t.ok(pixels.subarray(at + samples, at + picture).every((chroma) => chroma === 128));
    }
  });
}
