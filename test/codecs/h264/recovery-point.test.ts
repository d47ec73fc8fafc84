import t from 'tap';
import { isReference, recoveryFrames } from '../../../src/codecs/h264/recovery-point.ts';

const SLICE = Buffer.from([0x41, 0x9a, 0x12]);
const of = (...hex: string[]) =>
  recoveryFrames([...hex.map((text) => Buffer.from(text, 'hex')), SLICE]);

t.test('how many frames later what is shown is whole', async (t) => {
  t.equal(of('06060209c480'), 18, 'as libx264 writes it');
  t.equal(of('060601c480'), 0, 'the picture itself');
  t.equal(of('0605020102060209c480'), 18, 'behind another message');
  t.equal(of(`06${'ff'.repeat(2)}00${'00'}060209c480`), 18, 'of a type of more than 255');
  t.equal(of(`0605ff01${'aa'.repeat(256)}060209c480`), 18, 'and of more than 255 bytes');
  t.equal(of('0605020102 80'.replace(' ', ''), '06060209c480'), 18, 'in a second unit');
  t.equal(of('06060500000301008080'), undefined, 'more than 32 bits');
  for (let size = 50; size < 70; size++) {
    const before = `05${size.toString(16)}${'aa'.repeat(size)}`;
    t.equal(of(`06${before}060209c480`), 18, `behind a message of ${size} bytes`);
  }
});

t.test('what is none', async (t) => {
  t.equal(of(), undefined);
  t.equal(of('0605020102 80'.replace(' ', '')), undefined, 'another message');
  for (const cut of ['06', '0606', '060602', '06060209', '06ffffff', '0606ffff']) {
    t.equal(of(cut), undefined, cut);
  }
  t.equal(recoveryFrames([SLICE, Buffer.from('06060209c480', 'hex')]), undefined, 'after a slice');
});

t.test('whether others may refer to a picture', async (t) => {
  t.equal(isReference([Buffer.from([0x06, 5]), SLICE]), true);
  t.equal(isReference([Buffer.from([0x66, 5]), Buffer.from([0x01, 0x9a])]), false);
});
