import t from 'tap';
import { NackGenerator } from '../../src/rtp/nack-generator.ts';
import { Reordering } from '../../src/rtp/reordering.ts';

const MS = 1000;

function setUp() {
  const asked: number[][] = [];
  const reordering = new Reordering();
  const nack = new NackGenerator((sequenceNumbers) => asked.push(sequenceNumbers), reordering);
  return { asked, nack, reordering };
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
  nack.poll(10 * MS - 1);
  t.same(asked, []);
  nack.poll(10 * MS);
  t.same(asked, [[2]]);
});

t.test('a reordered packet is never asked for', async (t) => {
  const { asked, nack } = setUp();
  for (const n of [1, 3, 2, 4, 5]) nack.receive(n, 0);
  nack.poll(500 * MS);
  t.same(asked, []);
  t.equal(nack.missing, 0);
});

t.test('it asks again at growing intervals, ten times at most', async (t) => {
  const { asked, nack } = setUp();
  nack.receive(1, 0);
  nack.receive(3, 0);
  nack.receive(4, 0);
  const times = [0];
  for (let now = 0; now < 60_000 * MS; now += 5 * MS) {
    const before = asked.length;
    nack.poll(now);
    if (asked.length > before) times.push(now / MS);
  }
  t.same(times.slice(0, 5), [0, 100, 250, 475, 815]);
  t.equal(asked.length, 10);
  t.equal(nack.missing, 0);
});

t.test('what arrived or was given up is not asked for again', async (t) => {
  const { asked, nack } = setUp();
  for (const n of [1, 6, 7]) nack.receive(n, 0);
  t.same(asked, [[2, 3, 4, 5]]);
  nack.receive(3, 50 * MS);
  nack.forgetBefore(3);
  nack.poll(100 * MS);
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
  nack.poll(1000 * MS);
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
  nack.poll(1000 * MS);
  t.same(asked, []);
});

t.test('where order means little, only time is a sign of loss', async (t) => {
  const { asked, nack, reordering } = setUp();
  for (let i = 0; i < 50; i++) reordering.note(i % 2 ? 40 * MS : 20 * MS, 0);
  const allowance = Math.ceil(reordering.allowanceUs(0) / MS);
  t.ok(allowance > 40 && allowance < 100, `${allowance} ms`);
  nack.receive(1, 0);
  for (let n = 3; n < 30; n++) nack.receive(n, 0);
  nack.poll((allowance - 1) * MS);
  t.same(asked, []);
  nack.poll(allowance * MS);
  t.same(asked, [[2]]);

  nack.receive(2, 100 * MS);
  nack.receive(31, 11_000 * MS);
  nack.receive(32, 11_000 * MS);
  t.same(asked.at(-1), [30], 'ten seconds in order, and it means something again');
});

t.test('however mixed up the network is, what is lost is asked for in time', async (t) => {
  const { asked, nack, reordering } = setUp();
  reordering.note(5000 * MS, 0);
  nack.receive(1, 0);
  nack.receive(3, 0);
  nack.poll(300 * MS);
  t.same(asked, [[2]]);
});

/** Loses one packet in two; what is asked for comes `roundTripMs` later. */
function answered(roundTripMs: number) {
  const { asked, nack } = setUp();
  let next = 1;
  for (let now = 0; now < 20_000; now += 10) {
    if (now % 100 === 0) {
      nack.receive(next, now * MS);
      next += 2;
    }
    if (now % 100 === 20 + (roundTripMs % 100) && now > roundTripMs) {
      nack.receive(next - 3 - 2 * Math.floor((20 + roundTripMs) / 100), now * MS, true);
    }
    nack.poll(now * MS);
  }
  return asked.flat().length / (next / 2);
}

t.test('requests are further apart than a round trip', async (t) => {
  for (const roundTripMs of [10, 50, 200, 400]) {
    const requests = answered(roundTripMs);
    t.ok(requests < 1.3, `${requests.toFixed(2)} requests a packet at ${roundTripMs} ms`);
  }
});

t.test('round trips that stalls made long leave time for five requests', async (t) => {
  const { asked, nack } = setUp();
  let n = 0;
  let now = 0;
  /** Loses a packet that comes when it was asked for so long before. */
  const lose = (roundTripMs: number) => {
    for (const next of [n, n + 2, n + 3]) nack.receive(next, now * MS);
    nack.receive(n + 1, (now + roundTripMs) * MS, true);
    n += 4;
    now += 1000;
  };
  for (const roundTripMs of [20, 20, 900, 20, 900, 900]) lose(roundTripMs);
  for (const next of [n, n + 2, n + 3]) nack.receive(next, now * MS);
  asked.length = 0;
  for (let later = 0; later <= 900; later += 5) nack.poll((now + later) * MS);
  t.equal(asked.length, 4, 'and the first one');
  nack.forgetBefore(n + 4);

  // Where all are that long, it is the path.
  n += 4;
  now += 61_000;
  for (let i = 0; i < 20; i++) lose(400);
  now += 61_000;
  for (let i = 0; i < 20; i++) lose(400);
  for (const next of [n, n + 2, n + 3]) nack.receive(next, now * MS);
  asked.length = 0;
  for (let later = 0; later < 400; later += 5) nack.poll((now + later) * MS);
  t.same(asked, [], 'nothing is asked for again before a round trip has passed');
});

t.test('an outage is no round trip, and what is missing is asked for anew after it', async (t) => {
  const { asked, nack } = setUp();
  for (let n = 0; n < 400; n += 4) {
    for (const next of [n, n + 2, n + 3]) nack.receive(next, n * MS);
    nack.receive(n + 1, n * MS + 30 * MS, true);
  }
  for (const n of [400, 402, 403]) nack.receive(n, 400 * MS);
  for (let now = 400 * MS; now < 2400 * MS; now += 20 * MS) nack.suspend();
  asked.length = 0;
  nack.poll(2420 * MS);
  t.same(asked, [[401]], 'at once');
  nack.receive(401, 2450 * MS, true);
  for (const n of [405, 406]) nack.receive(n, 2500 * MS);
  asked.length = 0;
  for (let now = 2500 * MS; now < 3500 * MS; now += 5 * MS) nack.poll(now);
  t.ok(asked.length >= 4, `${asked.length} times in a second`);
});

t.test('a packet that was sent again is told from one that is late', async (t) => {
  const { nack } = setUp();
  for (const n of [1, 3]) nack.receive(n, 0);
  t.equal(nack.wasAsked(2, false), false, 'it was not asked for');
  nack.receive(4, 0);
  t.equal(nack.wasAsked(2, false), true);
  t.equal(nack.wasAsked(2, true), true);
  t.equal(nack.wasAsked(2, false), false, 'retransmissions have a format of their own');
});

t.test('nobody answers, until one packet comes', async (t) => {
  const { nack } = setUp();
  nack.receive(0, 0);
  for (let n = 2; n < 140; n += 2) nack.receive(n, 0);
  for (let now = 0; now < 1000; now += 20) nack.poll(now * MS);
  t.equal(nack.isAnswered, true, 'not given up yet');
  nack.forgetBefore(131);
  t.equal(nack.isAnswered, false);
  nack.receive(131, 1000 * MS, true);
  t.equal(nack.isAnswered, true);
});
