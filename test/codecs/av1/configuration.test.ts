import t from 'tap';
import { readAv1Configuration, readAv1SampleEntry } from '../../../src/codecs/av1/configuration.ts';
import type { ColourDescription } from '../../../src/codecs/colour-description.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';
import { encodeFrames } from '../encoded-frames.ts';
import { asSample } from './packetize.ts';

const bt2020 = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'];

t.test('what an encoder was asked for', async (t) => {
  if (!requireFfmpeg(t)) return;
  const cases: {
    size: [number, number];
    format: string;
    codec: string;
    bitDepth: number;
    encoder?: string[];
    colour?: ColourDescription;
  }[] = [
    { size: [320, 180], format: 'yuv420p', codec: 'av01.0.00M.08', bitDepth: 8 },
    { size: [1280, 720], format: 'yuv420p', codec: 'av01.0.05M.08', bitDepth: 8 },
    { size: [321, 181], format: 'yuv420p10le', codec: 'av01.0.00M.10', bitDepth: 10 },
    { size: [64, 64], format: 'yuv444p', codec: 'av01.1.00M.08.0.000.02.02.02.0', bitDepth: 8 },
    {
      size: [64, 64],
      format: 'yuv422p10le',
      codec: 'av01.2.00M.10.0.100.02.02.02.0',
      bitDepth: 10,
    },
    { size: [64, 64], format: 'yuv420p12le', codec: 'av01.2.00M.12', bitDepth: 12 },
    {
      ...{ size: [64, 64], format: 'gray', bitDepth: 8 },
      codec: 'av01.0.00M.08.1.110.02.02.02.1',
      colour: { primaries: 2, transfer: 2, matrix: 2, fullRange: true },
    },
    {
      ...{ size: [64, 64], format: 'yuv420p10le', bitDepth: 10, encoder: bt2020 },
      codec: 'av01.0.00M.10.0.110.09.16.09.0',
      colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: false },
    },
    {
      ...{ size: [64, 64], format: 'yuv420p', bitDepth: 8, encoder: ['-color_range', 'pc'] },
      codec: 'av01.0.00M.08.0.110.02.02.02.1',
      colour: { primaries: 2, transfer: 2, matrix: 2, fullRange: true },
    },
  ];
  for (const { size, format, codec, bitDepth, encoder, colour } of cases) {
    const [width, height] = size;
    const frames = await encodeFrames(t.testdir(), 'av1', {
      ...{ width, height, frames: 2, keyframeInterval: 10, pixelFormat: format },
      encoder: encoder ?? [],
    });
    const read = readAv1Configuration([asSample(frames[0]!)]);
    t.match(read, { codecString: codec, width, height, bitDepth }, codec);
    t.same(read?.colour, colour);
    t.equal(readAv1Configuration([asSample(frames[1]!)]), undefined, 'no sequence header');
  }
});

t.test('the record is what ffmpeg writes', async (t) => {
  if (!requireFfmpeg(t)) return;
  for (const pixelFormat of ['yuv420p', 'yuv444p', 'yuv420p12le', 'gray10le']) {
    const folder = t.testdir();
    const options = { width: 64, height: 64, frames: 1, keyframeInterval: 1, pixelFormat };
    const [frame] = await encodeFrames(folder, 'av1', options);
    const configuration = readAv1Configuration([asSample(frame!)])!;
    const { type, record } = configuration.sampleEntry('mp4');
    t.same([type, record?.type], ['av01', 'av1C']);
    const entry = { container: 'mp4', width: 64, height: 64, channels: 0, type } as const;
    const read = (data: Buffer) => readAv1SampleEntry({ ...entry, record: () => data });
    t.ok(read(record!.data)?.equals(configuration), 'read back');
    t.equal(read(record!.data.subarray(0, 6)), undefined);
    const input = `${folder}/av1-64x64.ivf`;
    const { stdout } = await runTool('ffmpeg', [
      ...['-v', 'error', '-i', input, '-c', 'copy', '-f', 'mp4'],
      ...['-movflags', 'frag_keyframe+empty_moov', '-'],
    ]);
    const at = stdout.indexOf('av1C');
    t.same(
      record?.data,
      stdout.subarray(at + 4, at - 4 + stdout.readUInt32BE(at - 4)),
      pixelFormat,
    );
  }
});

t.test('equal is what has the same sequence header', async (t) => {
  // libaom's for 320 × 180, and one of another height.
  const read = (text: string) => readAv1Configuration([Buffer.from(text, 'hex')])!;
  const one = read('0a0b000000043cfeccdaf90040');
  t.ok(one.equals(read('2a020102 0a0b000000043cfeccdaf90040'.replace(' ', ''))));
  t.ok(one.equals(read('0a8b00000000043cfeccdaf90040')), 'also with a longer size field');
  t.notOk(one.equals(read('0a0b000000043cfecc9af90040')));
});

t.test('a header in pieces, or none', async (t) => {
  const bytes = Buffer.from('0a0b000000043cfeccdaf90040', 'hex');
  t.match(readAv1Configuration([bytes.subarray(0, 1), bytes.subarray(1, 5), bytes.subarray(5)]), {
    width: 320,
    height: 180,
  });
  for (let length = 0; length < bytes.length; length++) {
    t.equal(readAv1Configuration([bytes.subarray(0, length)]), undefined);
    if (length < 2) continue;
    const short = Buffer.from(bytes.subarray(0, length));
    short[1] = length - 2;
    t.equal(readAv1Configuration([short]), undefined, `${length - 2} bytes of payload`);
  }
  t.equal(readAv1Configuration([Buffer.of(0x32, 1, 2)]), undefined);
  t.equal(readAv1Configuration([Buffer.of(0x30, 1, 2)]), undefined);
  t.equal(readAv1Configuration([Buffer.of(0x0a, 1, 0xff)]), undefined, 'no such profile');
});
