import t from 'tap';
import { BLANK_PICTURES } from '../../../src/codecs/vp9/blank-picture.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { decodedPictures } from '../decoded-pictures.ts';
import { writeIvf } from '../encoded-frames.ts';

t.test('black pictures follow each other without complaint', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { codecString, width, height } = BLANK_PICTURES.configuration;
  t.same([codecString, width, height], ['vp09.00.20.08', 320, 180]);
  const frames = [0, 1].map((index) => Buffer.concat(BLANK_PICTURES.parts(index)));
  const file = writeIvf('vp9', { width, height }, frames);
  const pixels = await decodedPictures('ivf', file, 'gray');
  t.equal(pixels.length, 2 * width * height);
  t.ok(pixels.every((luma) => luma <= 1));
});
