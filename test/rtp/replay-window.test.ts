import t from 'tap';
import { ReplayWindow } from '../../src/rtp/replay-window.ts';
import { seededRandom } from './packets.ts';

t.test('takes every index once, in any order within the window', async (t) => {
  const window = new ReplayWindow(64);
  for (const index of [1000, 1002, 1001, 1010, 1005]) {
    t.ok(window.isNew(index), `${index} is new`);
    window.mark(index);
    t.notOk(window.isNew(index), `${index} is not new again`);
  }
  t.equal(window.highest, 1010);
  t.ok(window.isNew(1004));
});

t.test('what is older than the window is not new', async (t) => {
  const window = new ReplayWindow(64);
  window.mark(1000);
  t.ok(window.isNew(937));
  t.notOk(window.isNew(936));
  window.mark(10);
  t.equal(window.highest, 1000, 'marking something old moves nothing');
});

t.test('agrees with a plain set over a long random run', async (t) => {
  const random = seededRandom(1);
  for (const size of [64, 128, 1024]) {
    const window = new ReplayWindow(size);
    const seen = new Set<number>();
    let highest = -1;
    // Beyond 2^32, where 32-bit arithmetic would go wrong.
    let head = 2 ** 32 - 2000;
    for (let step = 0; step < 20_000; step++) {
      const jump = random();
      head += jump < 0.01 ? Math.floor(random() * size * 3) : jump < 0.6 ? 1 : 0;
      const index = head - Math.floor(random() * size * 1.5);
      const expected = index > highest - size && !seen.has(index);
      if (window.isNew(index) !== expected) {
        t.fail(`size ${size}, step ${step}: index ${index} should be ${expected ? '' : 'not '}new`);
        return;
      }
      if (!expected) continue;
      window.mark(index);
      seen.add(index);
      highest = Math.max(highest, index);
    }
    t.equal(window.highest, highest);
  }
});

t.test('refuses a size that is no power of two, or below 64', async (t) => {
  t.throws(() => new ReplayWindow(100), RangeError);
  t.throws(() => new ReplayWindow(32), RangeError);
});
