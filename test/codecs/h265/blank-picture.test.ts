import t from 'tap';
import { BLANK_PICTURES } from '../../../src/codecs/h265/blank-picture.ts';
import type { H265Configuration } from '../../../src/codecs/h265/configuration.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { decodedPictures } from '../decoded-pictures.ts';
import { byteStream } from './encoded-h265.ts';

t.test('black pictures follow each other without complaint', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { configuration, parts } = BLANK_PICTURES;
  const { codecString, width, height, vps, sps, pps } = configuration as H265Configuration;
  t.match([codecString, width, height], [/^hvc1\.1\.6\.L\d+/, 320, 180]);
  const stream = byteStream([...vps, ...sps, ...pps, ...parts(0), ...parts(1)]);
  const pixels = await decodedPictures('hevc', stream, 'gray');
  t.equal(pixels.length, 2 * width * height);
  t.ok(pixels.every((luma) => luma <= 1));
});
