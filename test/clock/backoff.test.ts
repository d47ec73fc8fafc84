import t from 'tap';
import { Backoff, DISK_BACKOFF, NETWORK_BACKOFF } from '../../src/clock/backoff.ts';

t.test('waits double up to the longest, and begin anew after a success', async (t) => {
  const backoff = new Backoff(NETWORK_BACKOFF, () => 1);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  t.same(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  t.equal(backoff.failures, 8);
  backoff.reset();
  t.equal(backoff.failures, 0);
  t.equal(backoff.next(), 500);
});

t.test('a night of failures is no number too large', async (t) => {
  const backoff = new Backoff(NETWORK_BACKOFF, () => 1);
  for (let failure = 0; failure < 2000; failure++) backoff.next();
  t.equal(backoff.next(), 30_000);
});

t.test('half of a wait is left to chance', async (t) => {
  const waits = [0, 0.5, 1].map((random) => new Backoff(NETWORK_BACKOFF, () => random).next());
  t.same(waits, [250, 375, 500]);
});

t.test('a failure may have a range of its own, and counts', async (t) => {
  const backoff = new Backoff(NETWORK_BACKOFF, () => 1);
  t.equal(backoff.next({ firstMs: 60_000, longestMs: 60_000 }), 60_000);
  t.equal(backoff.next(), 1000);
  for (let failure = 0; failure < 8; failure++) backoff.next();
  t.equal(backoff.next({ longestMs: 300_000 }), 300_000);
  t.equal(backoff.next(), 30_000);
});

t.test('who asks may try again when the wait is over', async (t) => {
  const backoff = new Backoff(DISK_BACKOFF, () => 1);
  const nowUs = 1_753_315_200_000_000;
  t.ok(backoff.mayTry(nowUs), 'before any failure');
  t.equal(backoff.failed(nowUs), 2000);
  t.notOk(backoff.mayTry(nowUs + 1_999_999));
  t.ok(backoff.mayTry(nowUs + 2_000_000));
  const waits = Array.from({ length: 5 }, () => backoff.failed(nowUs));
  t.same(waits, [4000, 8000, 16_000, 30_000, 30_000]);
  backoff.reset();
  t.notOk(backoff.mayTry(nowUs + 29_999_999), 'a wait that has begun is not cut short');
  t.equal(backoff.failed(nowUs), 2000);
});
