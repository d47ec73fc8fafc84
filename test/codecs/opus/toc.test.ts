import t from 'tap';
import { isStereo, opusPacketDuration } from '../../../src/codecs/opus/toc.ts';
import { seededRandom } from '../../rtp/packets.ts';

/** A packet of configuration `config` and code `code` with these bytes after the TOC. */
const packet = (config: number, code: number, rest: Buffer | number[] = [], stereo = false) =>
  Buffer.from([(config << 3) | (stereo ? 4 : 0) | code, ...rest]);

t.test('one frame: the duration of each configuration', async (t) => {
  const milliseconds = [
    ...[10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60],
    ...[10, 20, 10, 20],
    ...[2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20],
  ];
  t.equal(milliseconds.length, 32);
  for (const [config, duration] of milliseconds.entries()) {
    t.equal(opusPacketDuration(packet(config, 0, [1, 2])), duration * 48, `config ${config}`);
  }
});

t.test('the silence packet of browsers is 20 ms', async (t) => {
  const silence = Buffer.of(0xf8, 0xff, 0xfe);
  t.equal(opusPacketDuration(silence), 960);
  t.equal(isStereo(silence), false);
  t.equal(isStereo(packet(31, 0, [1], true)), true);
  t.equal(isStereo(Buffer.alloc(0)), false);
});

t.test('code 0: no frame is longer than 1275 bytes', async (t) => {
  t.equal(opusPacketDuration(packet(31, 0)), 960, 'an empty frame is allowed');
  t.equal(opusPacketDuration(packet(31, 0, Buffer.alloc(1275))), 960);
  t.equal(opusPacketDuration(packet(31, 0, Buffer.alloc(1276))), undefined);
  t.equal(opusPacketDuration(Buffer.alloc(0)), undefined);
});

t.test('code 1: two frames of one length', async (t) => {
  t.equal(opusPacketDuration(packet(31, 1, [1, 2, 3, 4])), 1920);
  t.equal(opusPacketDuration(packet(31, 1, [1, 2, 3])), undefined);
  t.equal(opusPacketDuration(packet(31, 1, Buffer.alloc(2550))), 1920);
  t.equal(opusPacketDuration(packet(31, 1, Buffer.alloc(2552))), undefined);
  t.equal(opusPacketDuration(packet(3, 1, [1, 2])), 5760, '2 × 60 ms is the limit');
});

t.test('code 2: two frames, the first with a length', async (t) => {
  t.equal(opusPacketDuration(packet(31, 2, [2, 1, 2, 3])), 1920);
  t.equal(opusPacketDuration(packet(31, 2, [3, 1, 2, 3])), 1920, 'the second may be empty');
  t.equal(opusPacketDuration(packet(31, 2, [4, 1, 2, 3])), undefined);
  t.equal(opusPacketDuration(packet(31, 2)), undefined);
  t.equal(opusPacketDuration(packet(31, 2, [252])), undefined);
  t.equal(opusPacketDuration(packet(31, 2, [252, 1, ...Buffer.alloc(256)])), 1920);
  t.equal(opusPacketDuration(packet(31, 2, [252, 1, ...Buffer.alloc(255)])), undefined);
  t.equal(opusPacketDuration(packet(31, 2, [1, ...Buffer.alloc(1277)])), undefined);
});

t.test('code 3: constant bit rate', async (t) => {
  t.equal(opusPacketDuration(packet(31, 3)), undefined);
  t.equal(opusPacketDuration(packet(31, 3, [0])), undefined, 'no frame');
  t.equal(opusPacketDuration(packet(31, 3, [3, 1, 2, 3])), 2880);
  t.equal(opusPacketDuration(packet(31, 3, [3, 1, 2, 3, 4])), undefined);
  t.equal(opusPacketDuration(packet(31, 3, [6])), 5760);
  t.equal(opusPacketDuration(packet(31, 3, [7])), undefined, '140 ms');
  t.equal(opusPacketDuration(packet(16, 3, [48])), 5760, '48 × 2.5 ms');
  t.equal(opusPacketDuration(packet(16, 3, [49])), undefined);
  t.equal(opusPacketDuration(packet(16, 3, [1, ...Buffer.alloc(1276)])), undefined);
});

t.test('code 3: padding', async (t) => {
  t.equal(opusPacketDuration(packet(31, 3, [0x42, 1, 7, 8, 0])), 1920);
  t.equal(opusPacketDuration(packet(31, 3, [0x42, 5, 7, 8, 0])), undefined);
  t.equal(opusPacketDuration(packet(31, 3, [0x42])), undefined);
  t.equal(opusPacketDuration(packet(31, 3, [0x42, 255])), undefined);
  const long = [0x42, 255, 1, 7, 8, ...Buffer.alloc(255)];
  t.equal(opusPacketDuration(packet(31, 3, long)), 1920, '254 + 1 bytes');
  t.equal(opusPacketDuration(packet(31, 3, long.slice(0, -1))), undefined);
});

t.test('code 3: variable bit rate', async (t) => {
  t.equal(opusPacketDuration(packet(31, 3, [0x83, 1, 2, 7, 8, 9, 10])), 2880);
  t.equal(opusPacketDuration(packet(31, 3, [0x83, 1, 2, 7, 8])), undefined);
  t.equal(opusPacketDuration(packet(31, 3, [0x83, 1])), undefined);
  t.equal(opusPacketDuration(packet(31, 3, [0xc2, 1, 1, 7, 8, 0])), 1920, 'and padding');
  t.equal(opusPacketDuration(packet(31, 3, [0x81, ...Buffer.alloc(1276)])), undefined);
});

t.test('random bytes: a valid duration or none, never an exception', async (t) => {
  const random = seededRandom(5);
  let valid = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(
      Array.from({ length: Math.floor(random() * 30) }, () => Math.floor(random() * 256)),
    );
    const duration = opusPacketDuration(bytes);
    if (duration === undefined) continue;
    valid++;
    if (duration < 120 || duration > 5760 || duration % 120 !== 0) t.fail(bytes.toString('hex'));
  }
  t.ok(valid > 1000 && valid < 19_000, `${valid} valid`);
});
