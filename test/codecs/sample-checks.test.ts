import t from 'tap';
import { av1SampleProblem } from '../../src/codecs/av1/sample-check.ts';
import { h265SampleProblem } from '../../src/codecs/h265/sample-check.ts';
import { vp8SampleProblem } from '../../src/codecs/vp8/sample-check.ts';
import { vp9SampleProblem } from '../../src/codecs/vp9/sample-check.ts';
import { superframeIndex } from '../../src/codecs/vp9/superframe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { asSample } from './av1/packetize.ts';
import { encodeFrames } from './encoded-frames.ts';
import { encodeH265 } from './h265/encoded-h265.ts';

type Check = (sample: Buffer, keyframe: boolean) => string | undefined;

const options = { width: 320, height: 192, frames: 6, keyframeInterval: 3 };

/** NAL units with their lengths. */
const prefixed = (parts: readonly Buffer[]) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );

t.test('nothing is wrong with what encoders make, but with the wrong flag', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const av1 = await encodeFrames(folder, 'av1', options);
  const streams: [Check, Buffer[]][] = [
    [vp8SampleProblem, await encodeFrames(folder, 'vp8', options)],
    [vp9SampleProblem, await encodeFrames(folder, 'vp9', options)],
    [av1SampleProblem, av1.map(asSample)],
    [h265SampleProblem, (await encodeH265(folder, options)).map(prefixed)],
  ];
  for (const [check, samples] of streams) {
    for (const [index, sample] of samples.entries()) {
      const isKey = index % 3 === 0;
      t.equal(check(sample, isKey), undefined, `${check.name} ${index}`);
      t.match(check(sample, !isKey), isKey ? /but not flagged/ : /but is not one/);
    }
    t.type(check(Buffer.alloc(0), true), 'string', `${check.name} of nothing`);
  }
});

t.test('what is damaged', async (t) => {
  const key = [0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xf0, 0, ...Array(20).fill(0)];
  const vp9 = Buffer.from('824983420013f00b36', 'hex');
  const cases: [Check, number[], RegExp][] = [
    [vp8SampleProblem, [1, 2], /frame of 2 bytes/],
    [vp8SampleProblem, key.with(3, 0), /damaged key frame header/],
    [vp8SampleProblem, key.with(1, 9), /ends inside its first partition/],
    [vp9SampleProblem, [0x42], /header is damaged/],
    [vp9SampleProblem, [...vp9, 1, ...superframeIndex([9, 99])], /ends inside a frame/],
    [vp9SampleProblem, [...vp9, 1, ...superframeIndex([9, 1])], /header is damaged/],
    [av1SampleProblem, [0x30, 0x10], /OBU without a size/],
    [av1SampleProblem, [0x32, 9, 0x10], /ends inside an OBU/],
    [av1SampleProblem, [0x2a, 1, 0x10], /no frame/],
    [h265SampleProblem, [0, 0, 0], /ends inside a NAL unit/],
    [h265SampleProblem, [0, 0, 0, 1, 2, 1], /NAL unit of 1 bytes where 2 are left/],
    [h265SampleProblem, [0, 0, 0, 9, 2, 1], /NAL unit of 9 bytes where 2 are left/],
    [h265SampleProblem, [0, 0, 0, 2, 0x82, 1], /begins with 0x8201/],
    [h265SampleProblem, [0, 0, 0, 2, 2, 0], /begins with 0x0200/],
    [h265SampleProblem, [0, 0, 0, 2, 96, 1], /begins with 0x6001/],
  ];
  for (const [check, bytes, expected] of cases) {
    t.match(check(Buffer.from(bytes), true), expected, Buffer.from(bytes).toString('hex'));
  }
});
