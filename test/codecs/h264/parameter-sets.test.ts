import t from 'tap';
import { readH264Configuration } from '../../../src/codecs/h264/configuration.ts';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { parseSequenceParameterSet } from '../../../src/codecs/h264/sps.ts';
import { encodeH264, probe, requireFfmpeg } from '../../containers/mp4/encoded-media.ts';
import { nalType } from '../../publisher/annex-b.ts';

/** Writes the syntax elements that the parsers read (ITU-T H.264 §9.1). */
class Bits {
  #bits = '';
  u(count: number, value: number): this {
    this.#bits += value.toString(2).padStart(count, '0');
    return this;
  }
  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.#bits += '0'.repeat(code.length - 1) + code;
    return this;
  }
  bytes(): Buffer {
    const padded = `${this.#bits}1`.padEnd(Math.ceil((this.#bits.length + 1) / 8) * 8, '0');
    return Buffer.from(padded.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  }
}

/** A Baseline SPS for so many macroblocks. */
function baselineSps(id: number, width: number, height: number): Buffer {
  return new Bits()
    .u(8, 0x67)
    .u(24, 0x42c01f)
    .ue(id)
    .ue(0) // log2_max_frame_num_minus4
    .ue(2) // pic_order_cnt_type
    .ue(1) // max_num_ref_frames
    .u(1, 0)
    .ue(width - 1)
    .ue(height - 1)
    .u(4, 0b1100) // frames only, direct_8x8, no cropping, no VUI
    .bytes();
}

function pps(id: number, spsId: number, rest = 0): Buffer {
  return new Bits().u(8, 0x68).ue(id).ue(spsId).u(8, rest).bytes();
}

function idr(ppsId: number): Buffer {
  return new Bits().u(8, 0x65).ue(0).ue(7).ue(ppsId).u(32, 0x12345678).bytes();
}

const SLICE = Buffer.from([0x41, 0x9a, 0x12]);
const SEI = Buffer.from([0x06, 0x05, 0x01, 0x00, 0x80]);
const DELIMITER = Buffer.from([0x09, 0x10]);

t.test('size and codec agree with ffprobe for every profile', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const folder = t.testdir();
  const cases: [profile: string, pixelFormat: string, width: number, height: number][] = [
    ['baseline', 'yuv420p', 320, 180],
    ['baseline', 'yuv420p', 322, 182],
    ['main', 'yuv420p', 1920, 1080],
    ['high', 'yuv420p', 638, 358],
    ['high10', 'yuv420p10le', 324, 186],
    ['high422', 'yuv422p', 322, 181],
    ['high444', 'yuv444p', 321, 181],
    ['high', 'gray', 321, 181],
  ];
  for (const [profile, pixelFormat, width, height] of cases) {
    const name = `${profile} ${pixelFormat} ${width}x${height}`;
    const encoder = ['-profile:v', profile, '-pix_fmt', pixelFormat];
    const options = { width, height, frames: 1, keyframeInterval: 1, encoder };
    const { file, units } = await encodeH264(folder, options);
    const sets = new H264ParameterSets();
    const stored = sets.strip(units[0]!);
    t.notOk(stored.some((unit) => [7, 8, 9].includes(nalType(unit))));
    const { stream } = await probe(file);
    const sps = units[0]!.find((unit) => nalType(unit) === 7)!;
    t.match(sets.current(), {
      width: stream.width,
      height: stream.height,
      codecString: `avc1.${sps.toString('hex', 1, 4)}`,
    });
    t.match(sets.current(), { width, height }, name);
  }
});

t.test('the shape of samples and colours are those of the VUI', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const size = { width: 320, height: 180, frames: 1, keyframeInterval: 1 };
  const cases: [filter: string, x264: string, expected: object][] = [
    [
      'setsar=1.5',
      'colorprim=bt709:transfer=bt709:colormatrix=bt709',
      {
        sampleAspectRatio: { width: 3, height: 2 },
        colour: { primaries: 1, transfer: 1, matrix: 1, fullRange: false },
      },
    ],
    [
      'setsar=1.4',
      'fullrange=on:overscan=crop',
      {
        sampleAspectRatio: { width: 7, height: 5 },
        colour: { primaries: 2, transfer: 2, matrix: 2, fullRange: true },
      },
    ],
    ['setsar=1', 'videoformat=pal', { sampleAspectRatio: undefined, colour: undefined }],
  ];
  for (const [filter, x264, expected] of cases) {
    const encoder = ['-vf', filter, '-pix_fmt', 'yuv420p', '-x264opts', x264];
    const { units } = await encodeH264(t.testdir(), { ...size, encoder });
    const sets = new H264ParameterSets();
    sets.strip(units[0]!);
    const { sampleAspectRatio, colour } = sets.current()!;
    t.same({ sampleAspectRatio, colour }, expected, x264);
    const { type, record } = sets.current()!.sampleEntry('mp4');
    const entry = { container: 'mp4', ...size, channels: 0 } as const;
    const read = readH264Configuration({ ...entry, type, record: () => record!.data })!;
    t.same([read.sampleAspectRatio, read.colour], [sampleAspectRatio, colour], 'read back');
  }
});

t.test('interlaced pictures and scaling lists', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const encoder = ['-profile:v', 'high', '-pix_fmt', 'yuv420p', '-flags', '+ilme+ildct'];
  const jvt = ['-x264opts', 'cqm=jvt'];
  const { file, units } = await encodeH264(t.testdir(), {
    width: 720,
    height: 572,
    frames: 1,
    keyframeInterval: 1,
    encoder: [...encoder, ...jvt],
  });
  const { stream } = await probe(file);
  t.equal(stream.height, 572);
  const sps = units[0]!.find((unit) => nalType(unit) === 7)!;
  t.match(parseSequenceParameterSet(sps), { width: 720, height: 572, chromaFormat: 1 });
});

t.test('a scaling matrix of a High profile SPS is passed over', async (t) => {
  const bits = new Bits()
    .u(8, 0x67)
    .u(24, 0x64001f)
    .ue(3)
    .ue(1) // 4:2:0
    .ue(2) // 10 bits
    .ue(0)
    .u(1, 0)
    .u(1, 1); // seq_scaling_matrix_present_flag
  bits.u(1, 1); // the first list: 16 deltas
  for (let i = 0; i < 16; i++) bits.ue(3); // +2
  bits.u(1, 1).ue(16); // the second: −8, so the default list and no more deltas
  bits.u(4, 0);
  bits.u(1, 1); // the seventh, of 64
  for (let i = 0; i < 64; i++) bits.ue(1);
  bits.u(1, 0);
  bits.ue(0).ue(1).u(1, 0).ue(4).ue(4).ue(2).ue(5).ue(9); // pic_order_cnt_type 1, a cycle of two
  bits.ue(4).u(1, 0).ue(39).ue(22).u(1, 0).u(1, 0).u(1, 1); // fields of 40 × 23 macroblocks
  bits.u(1, 1).ue(1).ue(2).ue(0).ue(4).u(1, 0); // cropped by (1 + 2) · 2 and (0 + 4) · 4
  t.match(parseSequenceParameterSet(bits.bytes()), {
    id: 3,
    codecString: 'avc1.64001f',
    width: 640 - 6,
    height: 2 * 368 - 16,
    lumaBitDepth: 10,
    chromaBitDepth: 8,
  });
});

t.test('emulation prevention bytes are no part of the codes', async (t) => {
  // A level of 0 and constraints of 0 need one: 67 42 00 00 03 …
  const plain = baselineSps(0, 40, 23);
  plain[2] = 0;
  plain[3] = 0;
  plain[4] = plain[4]! & 0xff;
  const escaped = Buffer.concat([plain.subarray(0, 4), Buffer.from([3]), plain.subarray(4)]);
  t.match(parseSequenceParameterSet(escaped), {
    width: 640,
    height: 368,
    codecString: 'avc1.420000',
  });
});

t.test('only content counts as a change', async (t) => {
  const sets = new H264ParameterSets();
  t.equal(sets.changed, false);
  t.equal(sets.current(), undefined);
  const unit = [DELIMITER, baselineSps(0, 40, 23), pps(0, 0), SEI, idr(0)];
  t.same(sets.strip(unit), [SEI, idr(0)], 'SEI stays');
  t.equal(sets.changed, true);
  const first = sets.current()!;
  t.match(first, { codecString: 'avc1.42c01f', width: 640, height: 368 });
  t.equal(sets.changed, false);

  sets.strip(unit);
  t.equal(sets.changed, false, 'repetition');
  t.ok(sets.current()!.equals(first));

  const slices = [SLICE, SLICE];
  t.equal(sets.strip(slices), slices, 'nothing to strip, nothing allocated');

  sets.strip([baselineSps(0, 20, 12), pps(0, 0), idr(0)]);
  t.equal(sets.changed, true);
  const second = sets.current()!;
  t.match(second, { width: 320, height: 192 });
  t.notOk(second.equals(first));

  sets.strip([pps(0, 0, 0xff), idr(0)]);
  t.equal(sets.changed, true, 'a PPS alone');
  t.notOk(sets.current()!.equals(second));
});

t.test('does not hold on to the packets', async (t) => {
  const sets = new H264ParameterSets();
  const sps = baselineSps(0, 40, 23);
  const picture = pps(0, 0);
  sets.strip([sps, picture]);
  const kept = sets.current()!;
  const copy = Buffer.from(sps);
  sps.fill(0);
  picture.fill(0);
  t.same(kept.sps, [copy]);
  t.same(sets.current()!.pps, [pps(0, 0)]);
});

t.test('the sets that the keyframe names are in force', async (t) => {
  const sets = new H264ParameterSets();
  sets.strip([baselineSps(0, 40, 23), pps(0, 0), baselineSps(1, 20, 12), pps(1, 1), pps(2, 1)]);
  sets.strip([idr(0)]);
  t.match(sets.current(), { width: 640, pps: { length: 1 } });
  sets.strip([idr(0)]);
  t.equal(sets.changed, false);
  sets.strip([idr(2)]);
  t.equal(sets.changed, true, 'a switch without new parameter sets');
  t.match(sets.current(), { width: 320, sps: { length: 1 }, pps: { length: 2 } });
  sets.strip([pps(0, 0, 0x55)]);
  t.match(sets.current(), { width: 320 }, 'until the next keyframe');
  sets.strip([idr(9)]);
  t.equal(sets.current(), undefined, 'a PPS that never came');
  sets.strip([idr(0)]);
  t.match(sets.current(), { width: 640 });
  sets.reset();
  t.equal(sets.changed, false);
  t.equal(sets.current(), undefined);
});

t.test('undefined until both came', async (t) => {
  const sets = new H264ParameterSets();
  sets.strip([pps(0, 0)]);
  t.equal(sets.current(), undefined);
  sets.strip([baselineSps(0, 40, 23)]);
  t.equal(sets.changed, true);
  t.match(sets.current(), { width: 640 });
});

t.test('hostile parameter sets are counted and change nothing', async (t) => {
  const sets = new H264ParameterSets();
  const good = baselineSps(0, 40, 23);
  sets.strip([good, pps(0, 0)]);
  const before = sets.current()!;
  const header = () => new Bits().u(8, 0x67).u(24, 0x42c01f);
  const high = () => new Bits().u(8, 0x67).u(24, 0x64001f).ue(0);
  const hostile: Record<string, Buffer> = {
    'header only': Buffer.from([0x67]),
    'id 32': header().ue(32).ue(0).ue(2).ue(1).u(1, 0).ue(9).ue(9).u(4, 12).bytes(),
    zeros: Buffer.concat([Buffer.from([0x67]), Buffer.alloc(100)]),
    'too long': Buffer.concat([good, Buffer.alloc(5000, 0xff)]),
    'chroma format 4': high().ue(4).u(32, 0xffffffff).bytes(),
    'bit depth 15': high().ue(1).ue(7).u(32, 0xffffffff).bytes(),
    'scaling lists without end': Buffer.concat([
      high().ue(1).ue(0).ue(0).u(2, 1).bytes(),
      Buffer.alloc(4, 0x55),
    ]),
    'a cycle of 2^31': header()
      .ue(0)
      .ue(0)
      .ue(1)
      .u(1, 0)
      .ue(0)
      .ue(0)
      .ue(2 ** 31)
      .bytes(),
    'a picture of 2^31': baselineSps(0, 2 ** 31, 2 ** 31),
    'more macroblocks than any level': baselineSps(0, 1000, 1000),
    'cropped to nothing': header()
      .ue(0)
      .ue(0)
      .ue(2)
      .ue(1)
      .u(1, 0)
      .ue(9)
      .ue(9)
      .u(3, 0b111)
      .ue(40)
      .ue(40)
      .ue(0)
      .ue(0)
      .u(1, 0)
      .bytes(),
  };
  let rejected = 0;
  for (const [name, nal] of Object.entries(hostile)) {
    t.same(sets.strip([nal, SLICE]), [SLICE]);
    t.equal(sets.rejected, ++rejected, name);
  }
  sets.strip([Buffer.from([0x68]), pps(300, 0), pps(0, 40), Buffer.alloc(0)]);
  t.equal(sets.rejected, rejected + 4);
  t.equal(sets.changed, false);
  t.ok(sets.current()!.equals(before));
});

t.test('an SPS that is cut anywhere, or has any bit turned, does not throw', async (t) => {
  const good = baselineSps(0, 40, 23);
  for (let length = 0; length < good.length - 1; length++) {
    t.equal(parseSequenceParameterSet(good.subarray(0, length)), undefined, `cut at ${length}`);
  }
  for (let bit = 8; bit < good.length * 8; bit++) {
    const turned = Buffer.from(good);
    turned[bit >> 3]! ^= 0x80 >> (bit & 7);
    const parsed = parseSequenceParameterSet(turned);
    if (parsed !== undefined && !(parsed.width >= 1 && parsed.width <= 16_880)) {
      t.fail(`bit ${bit}: width ${parsed.width}`);
    }
  }
});

t.test('256 PPSs are more than the configuration can list', async (t) => {
  const sets = new H264ParameterSets();
  const all = Array.from({ length: 256 }, (_, id) => pps(id, 0));
  sets.strip([baselineSps(0, 40, 23), ...all]);
  t.equal(sets.current(), undefined);
});
