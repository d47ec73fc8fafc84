import { createCipheriv } from 'node:crypto';
import t from 'tap';
import { type CounterMode, loneKeystream } from '../../src/rtp/counter-mode.ts';
import { KeystreamAhead } from '../../src/rtp/keystream-ahead.ts';
import { ReplayWindow } from '../../src/rtp/replay-window.ts';
import { srtpMemory } from '../../src/rtp/srtp-memory.ts';

const SSRC = 0x1234_5678;

/** An SSRC whose first packet was opened, and the packets for which counter blocks were written. */
function ahead(first = 100, key = 7) {
  const vector = Buffer.alloc(16);
  const written: number[] = [];
  const mode: CounterMode = {
    blockCipher: createCipheriv('aes-128-ecb', Buffer.alloc(16, key), null).setAutoPadding(false),
    writeCounters(ssrc, index, address, packets, blocks) {
      written.push(...range(index, index + packets - 1));
      vector.writeUInt32BE(ssrc, 0);
      srtpMemory.writeCmCounters(vector, index, address, packets, blocks);
    },
  };
  const window = new ReplayWindow(1024);
  window.mark(first);
  const keystream = new KeystreamAhead(mode, SSRC, window);
  t.teardown(() => keystream.release());
  const expected = (index: number, blocks: number) => {
    const address = loneKeystream(mode, SSRC, index, blocks);
    written.pop();
    return Buffer.from(srtpMemory.keystream(address, blocks * 16));
  };
  /** Whether there was keystream, and the right one. */
  const placed = (index: number, blocks: number) => {
    const address = keystream.addressOf(index, blocks);
    if (address === undefined) return false;
    const found = Buffer.from(srtpMemory.keystream(address, blocks * 16));
    return found.equals(expected(index, blocks)) || 'another one';
  };
  return { keystream, window, written, placed };
}

/** The indices from one to another. */
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

t.test('computes that of 16 packets at once, across the wrap of sequence numbers', async (t) => {
  const { window, written, placed } = ahead(0xfff8);
  for (let index = 0xfff9; index <= 0x10020; index++) {
    t.equal(placed(index, 10), true, `${index}`);
    window.mark(index);
  }
  t.same(written, range(0xfff9, 0xfff9 + 3 * 16 - 1), 'each once');
});

t.test('what is lost or late costs nothing further', async (t) => {
  const { window, written, placed } = ahead();
  for (const index of [101, 103, 105, 104, 110]) {
    t.equal(placed(index, 10), true);
    window.mark(index);
  }
  t.same(written, range(101, 116));
  t.equal(placed(102, 10), true, 'late, but in time');
  t.equal(placed(120, 10), true, 'the next ones, as far as is known');
  t.same(written.slice(16), range(111, 126));
  window.mark(120);
  t.equal(placed(110, 10), false, 'behind them');
  t.equal(written.length, 32);
});

t.test('no packet before it was authenticated decides what is computed', async (t) => {
  const { written, placed } = ahead();
  for (const index of [117, 5000, 100, 99, 1]) t.equal(placed(index, 10), false, `${index}`);
  t.same(written, []);
  for (let forged = 0; forged < 100; forged++) placed(116, 10);
  t.same(written, range(101, 116), 'once');
});

t.test('is as long as the longest packet so far', async (t) => {
  const { window, written, placed } = ahead();
  for (const [at, blocks] of [4, 5, 8, 76, 12, 76, 96].entries()) {
    t.equal(placed(101 + at, blocks), true);
    window.mark(101 + at);
  }
  t.same(
    written,
    [101, 102, 104, 107].flatMap((first) => range(first, first + 15)),
    'in steps of four blocks',
  );
  t.equal(placed(108, 97), false, 'longer than a frame');
});

t.test('a packet without a body may be the first', async (t) => {
  const { window, written, placed } = ahead();
  t.equal(placed(101, 0), true);
  window.mark(101);
  t.equal(placed(102, 4), true);
  t.same(written, range(101, 116));
});

t.test('what is released serves another, and none is mixed up', async (t) => {
  const released = ahead();
  t.equal(released.placed(101, 76), true);
  const address = released.keystream.addressOf(101, 76);
  released.keystream.release();
  t.equal(released.placed(101, 76), false, 'no keystream any more');
  t.equal(released.placed(102, 0), false);
  const next = ahead(100, 8);
  t.equal(next.keystream.addressOf(101, 76), address, 'the same memory');
  t.equal(next.placed(102, 76), true);
  released.keystream.release();
  const another = ahead(100, 9);
  t.not(another.keystream.addressOf(101, 76), address, 'released once');
  t.equal(next.placed(103, 76), true);
});

t.test('keystream stays where it is while the memory grows', async (t) => {
  const first = ahead();
  t.equal(first.placed(101, 96), true);
  const others = Array.from({ length: 200 }, (_, key) => ahead(100, key));
  for (const other of others) t.equal(other.placed(101, 96), true);
  for (const other of [first, ...others]) t.equal(other.placed(116, 96), true);
});
