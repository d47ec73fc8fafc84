import t from 'tap';
import { shardOf } from '../../src/sources/shard.ts';

const streams = Array.from({ length: 30_000 }, (_, index) => `cam${index}`);

t.test('each recorder gets about as many streams', async (t) => {
  for (const count of [2, 3, 7]) {
    const sizes = new Array<number>(count).fill(0);
    for (const stream of streams) sizes[shardOf(stream, count)]!++;
    const even = streams.length / count;
    for (const size of sizes) t.ok(Math.abs(size - even) < even * 0.05, `${size} of ${even}`);
  }
});

t.test('a recorder more takes streams from the others, and moves none between them', async (t) => {
  let moved = 0;
  for (const stream of streams) {
    const before = shardOf(stream, 4);
    const after = shardOf(stream, 5);
    if (before === after) continue;
    moved++;
    if (after !== 4) t.fail(`${stream} moved from ${before} to ${after}`);
  }
  t.ok(Math.abs(moved - streams.length / 5) < streams.length * 0.01, `${moved} moved`);
});

t.test('the same on every machine and in every version', async (t) => {
  t.strictSame(
    ['cam1', 'cam2', 'cam3', 'entrée/1', ''].map((stream) => shardOf(stream, 3)),
    [2, 2, 1, 2, 1],
  );
  t.equal(shardOf('cam1', 1), 0);
});
