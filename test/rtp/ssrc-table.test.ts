import t from 'tap';
import { SsrcTable } from '../../src/rtp/ssrc-table.ts';

t.test('forgets the SSRC that was quiet longest when it is full', async (t) => {
  const table = new SsrcTable<string>(3);
  table.set(1, 'one');
  table.set(2, 'two');
  table.set(0xffffffff, 'three');
  t.equal(table.get(1), 'one');
  table.set(4, 'four');
  t.equal(table.size, 3);
  t.equal(table.get(2), undefined);
  t.equal(table.get(1), 'one');
  t.equal(table.get(0xffffffff), 'three');
  table.set(4, 'replaced');
  t.equal(table.size, 3, 'a known SSRC pushes nothing out');
  t.equal(table.get(4), 'replaced');
  table.delete(4);
  t.equal(table.get(4), undefined);
  t.equal(table.size, 2);
});

t.test('stays bounded whatever comes', async (t) => {
  const table = new SsrcTable<number>(8);
  for (let ssrc = 0; ssrc < 10_000; ssrc++) table.set(ssrc, ssrc);
  t.equal(table.size, 8);
  t.throws(() => new SsrcTable(0), RangeError);
});
