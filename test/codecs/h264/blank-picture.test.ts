import { execFileSync } from 'node:child_process';
import t from 'tap';
import { BLANK_PICTURES } from '../../../src/codecs/h264/blank-picture.ts';
import type { H264Configuration } from '../../../src/codecs/h264/configuration.ts';
import { requireFfmpeg } from '../../media/tool.ts';

t.test('black pictures follow each other without complaint', (t) => {
  if (!requireFfmpeg(t)) {
    t.end();
    return;
  }
  const { configuration, parts } = BLANK_PICTURES;
  const { codecString, width, height, sps, pps } = configuration as H264Configuration;
  t.same([codecString, width, height], ['avc1.42c00d', 320, 180]);
  const startCode = Buffer.from([0, 0, 0, 1]);
  const units = [...sps, ...pps, ...parts(0), ...parts(1), ...parts(2)];
  const stream = Buffer.concat(units.flatMap((unit) => [startCode, unit]));
  const decode = ['-v', 'error', '-xerror', '-f', 'h264', '-i', '-', '-pix_fmt', 'gray'];
  const pixels = execFileSync('ffmpeg', [...decode, '-f', 'rawvideo', '-'], { input: stream });
  t.equal(pixels.length, 3 * width * height);
  t.ok(pixels.every((luma) => luma <= 1));
  t.end();
});
