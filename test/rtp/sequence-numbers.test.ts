import t from 'tap';
import {
  SequenceExtender,
  sequenceDistance,
  timestampDistance,
} from '../../src/rtp/sequence-numbers.ts';

t.test('distances go the short way round', async (t) => {
  t.equal(sequenceDistance(65_535, 0), 1);
  t.equal(sequenceDistance(0, 65_535), -1);
  t.equal(sequenceDistance(10, 10), 0);
  t.equal(sequenceDistance(0, 32_767), 32_767);
  t.equal(sequenceDistance(0, 32_768), -32_768);
  t.equal(timestampDistance(0xffffffff, 9), 10);
  t.equal(timestampDistance(9, 0xffffffff), -10);
  t.equal(timestampDistance(0, 0x80000000), -0x80000000);
});

t.test('extended numbers pass many wraps, forwards and backwards', async (t) => {
  const extender = new SequenceExtender();
  t.equal(extender.highest, undefined);
  const first = extender.extend(65_000);
  extender.note(first);
  for (let offset = 1; offset < 300_000; offset += 97) {
    const extended = extender.extend((65_000 + offset) & 0xffff);
    if (extended !== first + offset) t.equal(extended, first + offset);
    extender.note(extended);
  }
  const highest = extender.highest!;
  t.equal(extender.extend((highest - 500) & 0xffff), highest - 500);
  extender.note(highest - 500);
  t.equal(extender.highest, highest, 'a late packet does not lower the highest');
});

t.test('a packet from before the first, across the wrap, has a number below it', async (t) => {
  const extender = new SequenceExtender();
  const first = extender.extend(2);
  extender.note(first);
  t.equal(extender.extend(65_534), first - 4);
  t.ok(first - 4 > 0);
});

t.test('a jump always leads above all earlier numbers', async (t) => {
  const extender = new SequenceExtender();
  extender.note(extender.extend(50_000));
  for (const sequenceNumber of [100, 65_535, 0, 49_999]) {
    const before = extender.highest!;
    const extended = extender.jump(sequenceNumber);
    t.ok(extended > before + 0xffff - 0x7fff, `${sequenceNumber}`);
    t.equal(extended & 0xffff, sequenceNumber);
    t.equal(extender.highest, extended);
  }
});
