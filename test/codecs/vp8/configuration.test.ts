import t from 'tap';
import { readVp8Configuration } from '../../../src/codecs/vp8/configuration.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { encodeFrames } from '../encoded-frames.ts';

t.test('the size of an encoder’s pictures', async (t) => {
  if (!requireFfmpeg(t)) return;
  const size = { width: 175, height: 95 };
  const frames = await encodeFrames(t.testdir(), 'vp8', {
    ...{ ...size, frames: 2, keyframeInterval: 10 },
  });
  t.match(readVp8Configuration([frames[0]!]), { codecString: 'vp8', ...size });
  t.equal(readVp8Configuration([frames[1]!]), undefined, 'not of a key frame');
  const [frame] = frames;
  const pieces = [frame!.subarray(0, 1), frame!.subarray(1, 7), frame!.subarray(7)];
  t.match(readVp8Configuration(pieces), size, 'also where the header is in pieces');
});

t.test('equal is what shows the same pictures', async (t) => {
  const read = (width: number, height: number) => {
    const header = Buffer.of(0x10, 2, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0);
    header.writeUInt16LE(width, 6);
    header.writeUInt16LE(height, 8);
    return readVp8Configuration([header])!;
  };
  t.ok(read(640, 360).equals(read(640 | 0x4000, 360)), 'hints of scaling aside');
  t.notOk(read(640, 360).equals(read(640, 361)));
  t.notOk(read(641, 360).equals(read(640, 360)));
});

t.test('what is no key frame has no configuration', async (t) => {
  t.equal(readVp8Configuration([]), undefined);
  t.equal(readVp8Configuration([Buffer.of(0x10, 2, 0, 0x9d, 0x01, 0x2a, 1, 0, 1)]), undefined);
  t.equal(readVp8Configuration([Buffer.of(0x10, 2, 0, 0x9d, 0x01, 0x2b, 1, 0, 1, 0)]), undefined);
  t.equal(readVp8Configuration([Buffer.of(0x10, 2, 0, 0x9d, 0x01, 0x2a, 0, 0, 1, 0)]), undefined);
  t.equal(readVp8Configuration([Buffer.of(0x10, 2, 0, 0x9d, 0x01, 0x2a, 1, 0, 0, 0)]), undefined);
});
