import t from 'tap';
import { NackGenerator } from '../../src/rtp/nack-generator.ts';

const ms = 1000;

function setUp() {
  const asked: number[][] = [];
  return { asked, nack: new NackGenerator((sequenceNumbers) => asked.push(sequenceNumbers)) };
}

t.test('two later packets are the sign of loss', async (t) => {
  const { asked, nack } = setUp();
  nack.receive(70_000, 0);
  nack.receive(70_003, 0);
  t.same(asked, [], 'one later packet may be reordering');
  nack.receive(70_004, 0);
  t.same(asked, [[70_001 & 0xffff, 70_002 & 0xffff]]);
});

t.test('so are 10 ms', async (t) => {
  const { asked, nack } = setUp();
  nack.receive(1, 0);
  nack.receive(3, 0);
  nack.poll(10 * ms - 1);
  t.same(asked, []);
  nack.poll(10 * ms);
  t.same(asked, [[2]]);
});

t.test('a reordered packet is never asked for', async (t) => {
  const { asked, nack } = setUp();
  for (const n of [1, 3, 2, 4, 5]) nack.receive(n, 0);
  nack.poll(500 * ms);
  t.same(asked, []);
  t.equal(nack.missing, 0);
});

t.test('it asks again at growing intervals, ten times at most', async (t) => {
  const { asked, nack } = setUp();
  nack.receive(1, 0);
  nack.receive(3, 0);
  nack.receive(4, 0);
  const times = [0];
  for (let now = 0; now < 60_000 * ms; now += 5 * ms) {
    const before = asked.length;
    nack.poll(now);
    if (asked.length > before) times.push(now / ms);
  }
  t.same(times.slice(0, 5), [0, 100, 250, 475, 815]);
  t.equal(asked.length, 10);
  t.equal(nack.missing, 0);
});

t.test('what arrived or was given up is not asked for again', async (t) => {
  const { asked, nack } = setUp();
  for (const n of [1, 6, 7]) nack.receive(n, 0);
  t.same(asked, [[2, 3, 4, 5]]);
  nack.receive(3, 50 * ms);
  nack.forgetBefore(3);
  nack.poll(100 * ms);
  t.same(asked.at(-1), [4, 5]);
  nack.forgetBefore(100);
  t.equal(nack.missing, 0);
});

t.test('more than 300 missing are not asked for, and the next loss is again', async (t) => {
  const { asked, nack } = setUp();
  nack.receive(1, 0);
  t.equal(nack.receive(302, 0), true, '300 are');
  t.equal(nack.receive(304, 0), false);
  nack.receive(305, 0);
  nack.poll(1000 * ms);
  t.same(asked, []);
  nack.receive(307, 0);
  nack.receive(308, 0);
  t.same(asked, [[306]]);
});

t.test('reset forgets numbers and place', async (t) => {
  const { asked, nack } = setUp();
  nack.receive(100, 0);
  nack.receive(105, 0);
  nack.reset();
  nack.receive(5000, 0);
  nack.receive(5001, 0);
  nack.poll(1000 * ms);
  t.same(asked, []);
});
