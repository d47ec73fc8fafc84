import t from 'tap';
import { Slab } from '../../src/media/slab.ts';

t.test('buffers have the asked length and never overlap', async (t) => {
  const slab = new Slab();
  const taken: Buffer[] = [];
  for (let index = 0; index < 2000; index++) {
    taken.push(slab.take((index * 37) % 1500).fill(index % 251));
  }
  for (const [index, buffer] of taken.entries()) {
    t.equal(buffer.length, (index * 37) % 1500);
    if (!buffer.every((byte) => byte === index % 251)) t.fail(`buffer ${index} was overwritten`);
  }
});

t.test('small buffers share memory, large ones have their own', async (t) => {
  const slab = new Slab();
  const first = slab.take(1200);
  const large = slab.take(300_000);
  const second = slab.take(1200);
  t.equal(first.buffer, second.buffer);
  t.equal(first.buffer.byteLength, 256 * 1024);
  t.not(large.buffer, first.buffer);
  t.equal(large.buffer.byteLength, 300_000);
});

t.test('a block is filled to its last byte before the next one is taken', async (t) => {
  const slab = new Slab();
  const blocks = new Set(Array.from({ length: 256 }, () => slab.take(1024).buffer));
  t.equal(blocks.size, 1);
  t.not(slab.take(1).buffer, [...blocks][0]);
});

t.test('lengths that make no sense are refused', async (t) => {
  const slab = new Slab();
  for (const length of [-1, 1.5, Number.NaN]) t.throws(() => slab.take(length), RangeError);
  t.equal(slab.take(0).length, 0);
});

t.test(
  'what is shortened gives its memory back, unless other memory was taken since',
  async (t) => {
    const slab = new Slab();
    const first = slab.take(1000).fill(1);
    const short = slab.shorten(first, 400);
    t.same(short, Buffer.alloc(400, 1));
    const second = slab.take(100).fill(2);
    t.equal(second.byteOffset, short.byteOffset + 400);
    t.same(slab.shorten(short, 10), Buffer.alloc(10, 1));
    t.equal(slab.take(100).byteOffset, second.byteOffset + 100, 'the second one is behind it');
    const large = slab.take(300_000);
    t.equal(slab.shorten(large, 5).length, 5);
    t.equal(slab.take(100).byteOffset, second.byteOffset + 200, 'it has memory of its own');
  },
);
