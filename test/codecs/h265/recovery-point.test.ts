import t from 'tap';
import { recoveryPictures } from '../../../src/codecs/h265/recovery-point.ts';

const slice = Buffer.of(0x02, 1, 0x80, 0);
const sei = (...bytes: number[]) => Buffer.of(39 << 1, 1, ...bytes);

t.test('where messages stand and what they say', async (t) => {
  t.equal(recoveryPictures([slice]), undefined);
  // recovery_poc_cnt: 1 is 0, 010 is 1, 011 is −1, 00100 is 2.
  t.equal(recoveryPictures([sei(6, 1, 0b1100_0000, 0x80), slice]), 0);
  t.equal(recoveryPictures([sei(6, 1, 0b0101_0000, 0x80), slice]), 1);
  t.equal(recoveryPictures([sei(6, 1, 0b0111_0000, 0x80), slice]), 0, 'already whole');
  t.equal(recoveryPictures([sei(1, 2, 9, 9, 6, 1, 0b0010_0100, 0x80), slice]), 2);
  t.equal(recoveryPictures([sei(0xff, 3, 0xff, 0, ...Array(255).fill(1), 6, 1, 0x40, 0x80)]), 1);
  t.equal(recoveryPictures([slice, sei(6, 1, 0x40, 0x80)]), undefined, 'of the next picture');
  t.equal(recoveryPictures([sei(6, 9, 0x40, 0x80), slice]), undefined, 'cut short');
  t.equal(recoveryPictures([sei(6, 1, 0, 0x80), slice]), undefined, 'not a code');
});
