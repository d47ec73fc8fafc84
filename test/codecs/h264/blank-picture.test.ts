import { execFileSync } from 'node:child_process';
import t from 'tap';
import { BLANK_CONFIGURATION, blankPicture } from '../../../src/codecs/h264/blank-picture.ts';
import { requireFfmpeg } from '../../media/tool.ts';

t.test('black pictures follow each other without complaint', (t) => {
  if (!requireFfmpeg(t)) {
    t.end();
    return;
  }
  const { codec, width, height, sps, pps } = BLANK_CONFIGURATION;
  t.same([codec, width, height], ['avc1.42c00d', 320, 180]);
  const startCode = Buffer.from([0, 0, 0, 1]);
  const units = [...sps, ...pps, blankPicture(0), blankPicture(1), blankPicture(2)];
  const stream = Buffer.concat(units.flatMap((unit) => [startCode, unit]));
  const decode = ['-v', 'error', '-xerror', '-f', 'h264', '-i', '-', '-pix_fmt', 'gray'];
  const pixels = execFileSync('ffmpeg', [...decode, '-f', 'rawvideo', '-'], { input: stream });
  t.equal(pixels.length, 3 * width * height);
  t.ok(pixels.every((luma) => luma <= 1));
  t.end();
});
