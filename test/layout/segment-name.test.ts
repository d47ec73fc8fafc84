import t from 'tap';
import { joinName, splitName } from '../../src/layout/segment-name.ts';

t.test('takes the number out of the name', async (t) => {
  t.strictSame(splitName('cam1/2025/07/24/audio_seg_0042.m4s'), {
    folder: 'cam1/2025/07/24',
    prefix: '/audio_seg_',
    digits: 4,
    number: 42,
    suffix: '.m4s',
  });
});

t.test('a number that outgrew its padding stays with the others', async (t) => {
  const { number: before, ...a } = splitName('a/seg_9999.m4s');
  const { number: after, ...b } = splitName('a/seg_10000.m4s');
  t.strictSame(a, b);
  t.strictSame([before, after], [9999, 10000]);
});

t.test('gives any path back', async (t) => {
  for (const path of [
    'seg_0001.m4s',
    '/seg_0001.m4s',
    'a//b/1',
    'a/',
    '/',
    '1',
    '0',
    '000',
    'a/12',
    'a/012',
    'a/999999999.m4s',
    'a/4294967296.m4s',
    'a/00000000000000000001.m4s',
    'a/no number.m4s',
    'a/1.2.3',
    'a/1.2.x',
    'a/٣.m4s',
    'a\n1\n.m4s',
    'a/1.m4s\n',
    '\ud800/\udc001.m4s',
  ]) {
    const name = splitName(path);
    t.equal(joinName(name), path);
    t.ok(name.number <= 0xffffffff);
  }
});
