import t from 'tap';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import {
  ReorderBuffer,
  type ReorderLimits,
  type ReorderOutcome,
} from '../../src/rtp/reorder-buffer.ts';
import { makePacket, seededRandom } from './packets.ts';

const SECOND = 1_000_000;

/** A buffer of which all that is in order is taken out at once. */
class EmptiedBuffer extends ReorderBuffer {
  readonly #deliver: (packet: RtpPacket, lostBefore: boolean) => void;

  constructor(
    deliver: (packet: RtpPacket, lostBefore: boolean) => void,
    limits?: Partial<ReorderLimits>,
  ) {
    super(limits);
    this.#deliver = deliver;
  }

  override push(...given: Parameters<ReorderBuffer['push']>): ReorderOutcome {
    const outcome = super.push(...given);
    if (outcome === 'next') this.#deliver(given[1], this.lostBefore);
    this.#empty();
    return outcome;
  }

  override expire(nowUs: number): void {
    super.expire(nowUs);
    this.#empty();
  }

  override flush(): void {
    super.flush();
    this.#empty();
  }

  #empty(): void {
    for (let packet = this.shift(); packet; packet = this.shift()) {
      this.#deliver(packet, this.lostBefore);
    }
  }
}

function setUp(limits?: Partial<ReorderLimits>) {
  const out: string[] = [];
  const buffer = new EmptiedBuffer((packet, lostBefore) => {
    out.push(`${lostBefore ? '!' : ''}${packet.sequenceNumber}`);
  }, limits);
  const push = (extended: number, nowUs = 0) =>
    buffer.push(extended, makePacket({ sequenceNumber: extended & 0xffff }), nowUs);
  return { out, buffer, push };
}

t.test('packets in order pass at once', async (t) => {
  const { out, push, buffer } = setUp();
  for (const n of [70_000, 70_001, 70_002]) t.equal(push(n), 'next');
  t.same(out, ['4464', '4465', '4466']);
  t.equal(buffer.lost, 0);
  t.equal(buffer.next, 70_003);
});

t.test('a missing packet holds back the later ones until it comes', async (t) => {
  const { out, push, buffer } = setUp();
  for (const n of [1, 3, 5, 4]) push(n);
  t.same(out, ['1']);
  push(2);
  t.same(out, ['1', '2', '3', '4', '5']);
  t.equal(buffer.lost, 0);
});

t.test('duplicates are told from late packets, waiting or delivered', async (t) => {
  const { out, push, buffer } = setUp();
  push(1);
  push(3);
  t.equal(push(1), 'duplicate');
  t.equal(push(3), 'duplicate');
  buffer.flush();
  t.equal(push(3), 'duplicate');
  t.equal(push(2), 'late');
  t.same(out, ['1', '!3']);
});

t.test('each gap is given up after its own time', async (t) => {
  const { out, push, buffer } = setUp();
  push(1, 0);
  push(3, 100_000);
  push(6, 600_000);
  buffer.expire(100_000 + SECOND - 1);
  t.same(out, ['1']);
  buffer.expire(100_000 + SECOND);
  t.same(out, ['1', '!3'], 'the gap after 3 opened later and is waited for');
  t.equal(buffer.lost, 1);
  push(5, 1_200_000);
  buffer.expire(600_000 + SECOND);
  t.same(out, ['1', '!3', '!5', '6']);
  t.equal(buffer.lost, 2);
});

t.test('with no later packet nothing is given up', async (t) => {
  const { out, push, buffer } = setUp();
  push(1);
  buffer.expire(1000 * SECOND);
  push(2, 1000 * SECOND);
  t.same(out, ['1', '2']);
});

t.test('a full buffer gives up its oldest gap', async (t) => {
  const { out, push, buffer } = setUp({ capacity: 8 });
  push(100);
  for (let n = 102; n <= 108; n++) push(n);
  t.same(out, ['100']);
  push(109);
  t.same(out, ['100', '!102', '103', '104', '105', '106', '107', '108', '109']);
  t.equal(buffer.lost, 1);
  push(150);
  t.equal(buffer.next, 143);
  buffer.flush();
  t.equal(out.at(-1), '!150');
  t.equal(buffer.lost, 41);
});

t.test('skipTo delivers what is here and goes on elsewhere with a gap', async (t) => {
  const { out, push, buffer } = setUp();
  push(1);
  push(3);
  buffer.skipTo(200_000);
  t.same(out, ['1', '!3']);
  push(200_000);
  push(200_001);
  t.same(out.slice(2), [`!${200_000 & 0xffff}`, `${200_001 & 0xffff}`]);
  t.equal(buffer.lost, 1, 'nobody knows what a jump lost');
});

t.test('reset forgets everything, numbers of before are new again', async (t) => {
  const { out, push, buffer } = setUp();
  push(1);
  push(3);
  buffer.reset();
  t.equal(push(3), 'next');
  t.equal(push(4), 'next');
  t.same(out, ['1', '3', '4']);
});

t.test('a capacity that is no power of 2 is refused', async (t) => {
  t.throws(() => setUp({ capacity: 1000 }), RangeError);
});

t.test('shuffled, doubled and thinned out: order holds and gaps are told', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const start = 65_536 + Math.floor(random() * 65_536);
    const arrivals: { n: number; at: number }[] = [];
    const sent = new Set<number>();
    for (let offset = 0; offset < 3000; offset++) {
      const n = start + offset;
      if (offset > 0 && random() < 0.05) continue;
      sent.add(n);
      const copies = random() < 0.1 ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        arrivals.push({ n, at: offset === 0 ? -1 : offset + random() * 40 });
      }
    }
    arrivals.sort((a, b) => a.at - b.at);
    const delivered: number[] = [];
    let unflagged = 0;
    const buffer = new EmptiedBuffer((packet, lostBefore) => {
      const previous = delivered.at(-1);
      if (previous !== undefined && (packet.timestamp !== previous + 1) !== lostBefore) unflagged++;
      delivered.push(packet.timestamp);
    });
    for (const { n, at } of arrivals) {
      buffer.push(n, makePacket({ sequenceNumber: n & 0xffff, timestamp: n }), at * 1000);
      buffer.expire(at * 1000);
    }
    buffer.flush();
    t.same(delivered, [...sent], `seed ${seed}`);
    t.equal(unflagged, 0);
    t.equal(buffer.lost, delivered.at(-1)! - start + 1 - sent.size);
  }
});
