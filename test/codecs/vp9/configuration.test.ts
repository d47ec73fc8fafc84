import t from 'tap';
import type { ColourDescription } from '../../../src/codecs/colour-description.ts';
import { readVp9Configuration, readVp9SampleEntry } from '../../../src/codecs/vp9/configuration.ts';
import { levelOf } from '../../../src/codecs/vp9/level.ts';
import { superframeIndex } from '../../../src/codecs/vp9/superframe.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';
import { encodeFrames } from '../encoded-frames.ts';

t.test('what an encoder was asked for', async (t) => {
  if (!requireFfmpeg(t)) return;
  const bt709 = { primaries: 1, transfer: 1, matrix: 1, fullRange: false };
  const cases: {
    size: [number, number];
    format: string;
    codec: string;
    bitDepth: number;
    encoder?: string[];
    colour?: ColourDescription;
  }[] = [
    { size: [320, 180], format: 'yuv420p', codec: 'vp09.00.20.08', bitDepth: 8 },
    { size: [321, 181], format: 'yuv420p', codec: 'vp09.00.20.08', bitDepth: 8 },
    { size: [1280, 720], format: 'yuv420p', codec: 'vp09.00.40.08', bitDepth: 8 },
    { size: [64, 64], format: 'yuv444p', codec: 'vp09.01.10.08.03.02.02.02.00', bitDepth: 8 },
    { size: [64, 64], format: 'yuv420p10le', codec: 'vp09.02.10.10', bitDepth: 10 },
    { size: [64, 64], format: 'yuv422p12le', codec: 'vp09.03.10.12.02.02.02.02.00', bitDepth: 12 },
    {
      ...{ size: [64, 64], format: 'yuv420p', bitDepth: 8, encoder: ['-colorspace', 'bt709'] },
      ...{ codec: 'vp09.00.10.08', colour: bt709 },
    },
    {
      ...{ size: [64, 64], format: 'yuv420p', bitDepth: 8 },
      encoder: ['-colorspace', 'smpte170m', '-color_range', 'pc'],
      codec: 'vp09.00.10.08.01.06.06.06.01',
      colour: { primaries: 6, transfer: 6, matrix: 6, fullRange: true },
    },
    {
      ...{ size: [64, 64], format: 'gbrp', bitDepth: 8 },
      codec: 'vp09.01.10.08.03.01.13.00.01',
      colour: { primaries: 1, transfer: 13, matrix: 0, fullRange: true },
    },
  ];
  for (const { size, format, codec, bitDepth, encoder, colour } of cases) {
    const [width, height] = size;
    const frames = await encodeFrames(t.testdir(), 'vp9', {
      ...{ width, height, frames: 2, keyframeInterval: 10, pixelFormat: format },
      encoder: encoder ?? [],
    });
    const read = readVp9Configuration([frames[0]!]);
    t.match(read, { codecString: codec, width, height, bitDepth }, codec);
    t.same(read?.colour, colour);
    t.equal(readVp9Configuration([frames[1]!]), undefined, 'not of a key frame');
  }
});

t.test('the record is what ffmpeg writes', async (t) => {
  if (!requireFfmpeg(t)) return;
  for (const pixelFormat of ['yuv420p', 'yuv444p', 'yuv420p12le', 'yuv422p10le']) {
    const folder = t.testdir();
    const options = { width: 64, height: 64, frames: 2, keyframeInterval: 60, pixelFormat };
    const [frame] = await encodeFrames(folder, 'vp9', options);
    const configuration = readVp9Configuration([frame!])!;
    const { type, record } = configuration.sampleEntry('mp4');
    t.same([type, record?.type], ['vp09', 'vpcC']);
    const entry = { container: 'mp4', width: 64, height: 64, channels: 0, type } as const;
    const read = (data: Buffer) => readVp9SampleEntry({ ...entry, record: () => data });
    t.ok(read(record!.data)?.equals(configuration), 'read back');
    t.equal(read(record!.data.subarray(0, 6)), undefined);
    const { stdout } = await runTool('ffmpeg', [
      ...['-v', 'error', '-i', `${folder}/vp9-64x64.ivf`, '-c', 'copy', '-f', 'mp4'],
      ...['-movflags', 'frag_keyframe+empty_moov', '-'],
    ]);
    const at = stdout.indexOf('vpcC');
    const written = stdout.subarray(at + 4, at - 4 + stdout.readUInt32BE(at - 4));
    t.same(record?.data, written, pixelFormat);
  }
});

// Headers of key frames of 320 × 180 and 640 × 180, and one of a frame that says its size, 640 × 360.
const small = Buffer.from('824983420013f00b36', 'hex');
const wide = Buffer.from('824983420027f00b36', 'hex');
const upper = Buffer.from('87ff000004fe02ce', 'hex');

t.test('equal is what shows the same pictures', async (t) => {
  const one = readVp9Configuration([small])!;
  t.ok(one.equals(readVp9Configuration([Buffer.concat([small, Buffer.of(9)])])!));
  t.notOk(one.equals(readVp9Configuration([wide])!));
  const bt709 = Buffer.from(small);
  bt709[4] = 0x40;
  t.notOk(one.equals(readVp9Configuration([bt709])!));
});

t.test('of spatial layers the largest', async (t) => {
  const index = superframeIndex([small.length, upper.length]);
  const read = readVp9Configuration([small, upper.subarray(0, 4), upper.subarray(4), index]);
  t.match(read, { width: 640, height: 360 });
});

t.test('a header in pieces, or none', async (t) => {
  t.match(readVp9Configuration([small.subarray(0, 1), small.subarray(1)]), { width: 320 });
  for (let length = 0; length < small.length; length++) {
    t.equal(readVp9Configuration([small.subarray(0, length)]), undefined, `${length} bytes`);
  }
  t.equal(
    readVp9Configuration([Buffer.from(small.toString('hex').replace('8', '4'), 'hex')]),
    undefined,
  );
});

t.test('levels', async (t) => {
  t.equal(levelOf(160, 80), 10);
  t.equal(levelOf(640, 360), 30);
  t.equal(levelOf(1920, 1080), 41);
  t.equal(levelOf(3840, 2160), 51);
  t.equal(levelOf(100, 4200), 50);
  t.equal(levelOf(16_000, 16_000), 62);
});
