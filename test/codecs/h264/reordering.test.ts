import t from 'tap';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { parseSequenceParameterSet } from '../../../src/codecs/h264/sps.ts';
import { encodeH264, requireFfmpeg } from '../../containers/mp4/encoded-media.ts';

const DECLARED: Record<string, { encoder: string[]; most: number }> = {
  baseline: { encoder: ['-profile:v', 'baseline'], most: 0 },
  'high without B pictures': { encoder: ['-profile:v', 'high', '-bf', '0'], most: 0 },
  'B pictures': {
    encoder: ['-profile:v', 'main', '-bf', '2', '-x264opts', 'b-pyramid=0'],
    most: 1,
  },
  'a pyramid of them': { encoder: ['-profile:v', 'high', '-bf', '3'], most: 2 },
  'HRD before it': {
    encoder: [
      ...['-profile:v', 'high', '-bf', '3', '-b:v', '1M', '-maxrate', '1M', '-bufsize', '1M'],
      ...['-x264opts', 'nal-hrd=cbr:overscan=show:videoformat=pal:colorprim=bt709:chromaloc=1'],
    ],
    most: 2,
  },
};

t.test('what encoders declare', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  for (const [name, { encoder, most }] of Object.entries(DECLARED)) {
    const { units } = await encodeH264(t.testdir(), {
      ...{ width: 320, height: 180, frames: 8, keyframeInterval: 8 },
      encoder: ['-pix_fmt', 'yuv420p', '-vf', 'scale=320:180,setsar=1.4', ...encoder],
    });
    const sets = new H264ParameterSets();
    sets.strip(units[0]!);
    t.same(sets.current()!.reordering, { most, isDeclared: true }, name);
  }
});

/** A parameter set of Main profile, level 3.1, without VUI (ITU-T H.264 §7.3.2.1.1). */
function mainProfile(options: { order: '0' | '2'; size: [number, number] }): Buffer {
  const ue = (value: number) => {
    const code = (value + 1).toString(2);
    return '0'.repeat(code.length - 1) + code;
  };
  const [width, height] = options.size;
  const order = options.order === '0' ? ue(0) + ue(0) : ue(2);
  const bits = `${ue(0)}${ue(0)}${order}${ue(4)}0${ue(width - 1)}${ue(height - 1)}11001`;
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)!;
  const rest = Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
  return Buffer.concat([Buffer.from('674d001f', 'hex'), rest]);
}

t.test('what is inferred where nothing is declared', async (t) => {
  const reordering = (sps: Buffer) => parseSequenceParameterSet(sps)?.reordering;
  const large = mainProfile({ order: '0', size: [80, 45] });
  t.same(reordering(large), { most: 5, isDeclared: false }, '18,000 macroblocks at level 3.1');
  const small = mainProfile({ order: '0', size: [20, 12] });
  t.same(reordering(small), { most: 16, isDeclared: false }, 'never more than 16 pictures');
  const inOrder = mainProfile({ order: '2', size: [80, 45] });
  t.same(reordering(inOrder), { most: 0, isDeclared: true }, 'shown as they are decoded');
});
