import { mkdirSync } from 'node:fs';
import t from 'tap';
import { blankH264Pictures } from '../../../src/codecs/h264/blank-picture.ts';
import type { H264Configuration } from '../../../src/codecs/h264/configuration.ts';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { encodeH264 } from '../../containers/mp4/encoded-media.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { decodedPictures } from '../decoded-pictures.ts';

/** What ffmpeg decodes of three of the pictures. */
function decoded(configuration: H264Configuration, parts: (index: number) => Buffer[], as: string) {
  const { sps, pps } = configuration;
  const units = [...sps, ...pps, ...parts(0), ...parts(1), ...parts(2)];
  const startCode = Buffer.from([0, 0, 0, 1]);
  return decodedPictures('h264', Buffer.concat(units.flatMap((unit) => [startCode, unit])), as);
}

t.test('black pictures of nothing that is known follow each other without complaint', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { configuration, parts } = blankH264Pictures(undefined);
  const { codecString, width, height } = configuration;
  t.same([codecString, width, height], ['avc1.42c00b', 320, 180]);
  const pixels = await decoded(configuration as H264Configuration, parts, 'yuv420p');
  t.equal(pixels.length, 3 * 320 * 180 * 1.5);
  for (let at = 0; at < pixels.length; at += 320 * 180 * 1.5) {
    t.ok(pixels.subarray(at, at + 320 * 180).every((luma) => luma === 16));
    t.ok(pixels.subarray(at + 320 * 180, at + 320 * 180 * 1.5).every((chroma) => chroma === 128));
  }
});

for (const [width, height, pixelFormat, codecString] of [
  [16, 16, 'yuv420p', 'avc1.42c00a'],
  [854, 480, 'yuv420p', 'avc1.42c016'],
  [1080, 1920, 'yuv420p', 'avc1.42c028'],
  [3840, 2160, 'yuv420p', 'avc1.42c034'],
  [642, 361, 'yuv422p', 'avc1.7a0016'],
  [333, 77, 'yuv444p', 'avc1.f4000b'],
  [320, 180, 'gray', 'avc1.7a000b'],
  [640, 360, 'yuv420p10le', 'avc1.7a0016'],
  [640, 360, 'yuv422p10le', 'avc1.7a0016'],
] as const) {
  t.test(`black like ${width} × ${height} ${pixelFormat}`, async (t) => {
    if (!requireFfmpeg(t)) return;
    mkdirSync(t.testdir(), { recursive: true });
    const like = { width, height, frames: 1, keyframeInterval: 1 };
    const encoder = ['-pix_fmt', pixelFormat];
    const { units } = await encodeH264(t.testdirName, { ...like, encoder });
    const sets = new H264ParameterSets();
    for (const unit of units) sets.strip(unit);
    const { configuration, parts } = blankH264Pictures(sets.current()!);
    t.match(configuration, { width, height, codecString });
    const bytes = parts(0)[0]!.length;
    t.ok(bytes < Math.ceil(width / 16) * Math.ceil(height / 16) * 1.3 + 40, `${bytes} bytes`);
    // Grey as ffmpeg has it is of full range.
    const as = pixelFormat === 'gray' ? 'yuv420p' : pixelFormat;
    const pixels = await decoded(configuration as H264Configuration, parts, as);
    const samples = width * height;
    const isDeep = pixelFormat.endsWith('10le');
    const luma = isDeep
      ? new Uint16Array(pixels.buffer, pixels.byteOffset, samples)
      : pixels.subarray(0, samples);
    t.ok(luma.every((value) => value === (isDeep ? 64 : 16)));
    const chroma = isDeep
      ? new Uint16Array(pixels.buffer, pixels.byteOffset + 2 * samples, samples / 2)
      : pixels.subarray(samples, pixels.length / 3);
    t.ok(chroma.every((value) => value === (isDeep ? 512 : 128)));
    t.equal(pixels.length % 3, 0);
  });
}
