import t from 'tap';
import { readH265SampleEntry } from '../../../src/codecs/h265/configuration.ts';
import { H265ParameterSets } from '../../../src/codecs/h265/parameter-sets.ts';
import { parseSequenceParameterSet } from '../../../src/codecs/h265/sps.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';
import { encodeH265, typeOf } from './encoded-h265.ts';

const small = { width: 320, height: 180, frames: 4, keyframeInterval: 10 };

t.test('what an encoder was asked for', async (t) => {
  if (!requireFfmpeg(t)) return;
  const cases: { options?: object; x265?: string[]; expected: object }[] = [
    {
      expected: {
        ...{ codecString: 'hvc1.1.6.L60.90', width: 320, height: 180, bitDepth: 8 },
        reordering: { most: 0, isDeclared: true },
      },
    },
    {
      options: { pixelFormat: 'yuv420p10le' },
      x265: ['bframes=3', 'b-pyramid=1'],
      expected: { codecString: 'hvc1.2.4.L60.90', bitDepth: 10, reordering: { most: 2 } },
    },
    {
      options: { width: 318, height: 178, pixelFormat: 'yuv444p' },
      expected: { codecString: 'hvc1.4.10.L60.9E.8', width: 318, height: 178 },
    },
    {
      options: { width: 1920, height: 1080, frames: 1 },
      x265: ['high-tier=1', 'level-idc=5.1', 'vbv-maxrate=100000', 'vbv-bufsize=100000'],
      expected: { codecString: 'hvc1.1.6.H153.90', width: 1920, height: 1080 },
    },
    {
      x265: ['sar=14', 'colorprim=bt709', 'transfer=bt709', 'colormatrix=bt709', 'range=full'],
      expected: {
        sampleAspectRatio: { width: 4, height: 3 },
        colour: { primaries: 1, transfer: 1, matrix: 1, fullRange: true },
      },
    },
    {
      options: { encoder: ['-vf', 'scale=320:180,setsar=7/5'] },
      x265: ['overscan=crop', 'videoformat=pal', 'scaling-list=default'],
      expected: { sampleAspectRatio: { width: 7, height: 5 } },
    },
    { x265: ['hrd=1', 'vbv-maxrate=1000', 'vbv-bufsize=1000'], expected: { width: 320 } },
    { x265: ['temporal-layers=2', 'bframes=3', 'ref=4'], expected: { width: 320 } },
  ];
  for (const { options, x265, expected } of cases) {
    const units = await encodeH265(t.testdir(), { ...small, ...options }, x265);
    const sets = new H265ParameterSets();
    const sample = sets.strip(units[0]!);
    t.ok(sample.every((part) => typeOf(part) < 32 || typeOf(part) > 35));
    t.match(sets.current(), expected, x265?.join(' ') ?? '');
    t.equal(sets.rejected, 0);
  }
});

t.test('square samples and undescribed colours are not said', async (t) => {
  if (!requireFfmpeg(t)) return;
  const units = await encodeH265(t.testdir(), small, ['sar=1:1', 'videoformat=pal']);
  const sets = new H265ParameterSets();
  sets.strip(units[0]!);
  const { sampleAspectRatio, colour } = sets.current()!;
  t.same([sampleAspectRatio, colour], [undefined, undefined]);
});

t.test('the record is what ffmpeg writes', async (t) => {
  if (!requireFfmpeg(t)) return;
  for (const pixelFormat of ['yuv420p', 'yuv420p10le', 'yuv422p', 'yuv444p12le']) {
    const folder = t.testdir();
    const units = await encodeH265(folder, { ...small, pixelFormat });
    const sets = new H265ParameterSets();
    sets.strip(units[0]!);
    const { stdout } = await runTool('ffmpeg', [
      ...['-v', 'error', '-i', `${folder}/picture.h265`, '-c', 'copy', '-tag:v', 'hvc1'],
      ...['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov', '-'],
    ]);
    const at = stdout.indexOf('hvcC');
    const written = Buffer.from(stdout.subarray(at + 4, at - 4 + stdout.readUInt32BE(at - 4)));
    // ffmpeg reads from VUI and PPS how far decoding can be done in parallel, which is optional.
    written.writeUInt16BE(0xf000, 13);
    written[15] = 0xfc;
    const { type, record } = sets.current()!.sampleEntry('mp4');
    t.same([type, record], ['hvc1', { type: 'hvcC', data: written }], pixelFormat);
    const entry = { container: 'mp4', width: 320, height: 180, channels: 0 } as const;
    const read = (data: Buffer) =>
      readH265SampleEntry({ ...entry, type: 'hvc1', record: () => data });
    t.ok(read(record!.data)?.equals(sets.current()!), 'read back');
    for (let length = 0; length < written.length; length += 5) {
      t.equal(read(record!.data.subarray(0, length)), undefined, `${length} bytes`);
    }
  }
});

t.test('repetition is no change; other content is', async (t) => {
  if (!requireFfmpeg(t)) return;
  const [one] = await encodeH265(t.testdir(), small);
  const [other] = await encodeH265(t.testdir(), { ...small, width: 640 });
  const sets = new H265ParameterSets();
  t.equal(sets.current(), undefined);
  sets.strip(one!);
  t.equal(sets.changed, true);
  const first = sets.current()!;
  sets.strip(one!);
  t.equal(sets.changed, false);
  t.ok(first.equals(sets.current()!));
  sets.strip(other!);
  t.equal(sets.changed, true);
  const second = sets.current()!;
  t.match([first.width, second.width], [320, 640]);
  t.notOk(first.equals(second));
  sets.reset();
  t.equal(sets.current(), undefined);
});

t.test('the picture parameter set that a keyframe names is in force', async (t) => {
  if (!requireFfmpeg(t)) return;
  const [unit] = await encodeH265(t.testdir(), small);
  const pps = unit!.find((part) => typeOf(part) === 34)!;
  const slice = unit!.find((part) => typeOf(part) === 19 || typeOf(part) === 20)!;
  // The first two codes of a PPS are its id and that of the SPS: 1 is 0, 010 is 1.
  const second = Buffer.from([0x44, 0x01, 0x50 | (pps[2]! & 0x0f), ...pps.subarray(3)]);
  const sets = new H265ParameterSets();
  sets.strip([...unit!.filter((part) => typeOf(part) < 35 && typeOf(part) > 31), second]);
  t.same(sets.current()?.pps, [pps, second]);
  sets.strip([slice]);
  t.equal(sets.changed, true);
  sets.current();
  sets.strip([Buffer.from([0x26, 1, 0b1001_0000, 0])]);
  t.equal(sets.changed, true, 'it names another one');
  sets.current();
  sets.startAt([Buffer.from([0x02, 1, 0b1100_0000, 0])]);
  t.equal(sets.changed, true, 'so does a picture that decoding starts with');
});

t.test('parameter sets that make no sense are dropped', async (t) => {
  if (!requireFfmpeg(t)) return;
  const [unit] = await encodeH265(t.testdir(), small);
  const sps = unit!.find((part) => typeOf(part) === 33)!;
  t.ok(parseSequenceParameterSet(sps));
  for (let length = 2; length < 30; length++) {
    t.equal(parseSequenceParameterSet(sps.subarray(0, length)), undefined);
  }
  const sets = new H265ParameterSets();
  sets.strip([
    sps.subarray(0, 20),
    Buffer.of(0x40, 1),
    Buffer.of(0x44, 1, 0),
    Buffer.alloc(0),
    Buffer.alloc(5000, 0x42),
  ]);
  t.equal(sets.rejected, 5);
  t.equal(sets.current(), undefined);
});
