import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { JournalFeed } from '../../src/workers/journal-feed.ts';

/** A feed whose writes end when the test says so. */
function createFeed() {
  const written: { item: string; settle: PromiseWithResolvers<void> }[] = [];
  const logged: object[] = [];
  let prepared = 0;
  const feed = new JournalFeed<string>({
    prepare: async () => void prepared++,
    put: (item) => {
      const settle = Promise.withResolvers<void>();
      written.push({ item, settle });
      return settle.promise;
    },
    name: (item) => ({ item }),
    failure: 'cannot be written',
    log: { error: (fields) => void logged.push(fields) },
  });
  return {
    feed,
    logged,
    prepared: () => prepared,
    /** The writes that have begun since the last call. */
    begun: async () => {
      await setImmediate();
      return written.splice(0);
    },
  };
}

t.test('what arrives during a write goes into the next one together, in order', async (t) => {
  const { feed, begun, prepared } = createFeed();
  feed.add('a');
  const [first] = await begun();
  for (const item of ['b', 'c', 'd']) feed.add(item);
  t.same(await begun(), [], 'nothing overtakes the write that is going on');
  first?.settle.resolve();
  const next = await begun();
  t.same(
    next.map(({ item }) => item),
    ['b', 'c', 'd'],
  );
  t.equal(prepared(), 2, 'once for each batch');
  const idle = feed.idle();
  feed.add('e');
  for (const { settle } of next) settle.resolve();
  await idle;
  for (const { settle } of await begun()) settle.resolve();
  await feed.close();
});

t.test('what failed is put again before what came later; what is invalid is not', async (t) => {
  const { feed, begun, logged } = createFeed();
  for (const item of ['a', 'invalid', 'b']) feed.add(item);
  const batch = await begun();
  feed.add('later');
  batch[0]?.settle.reject(new Error('disk full'));
  batch[1]?.settle.reject(new RangeError('no time'));
  batch[2]?.settle.resolve();
  t.same(await begun(), []);
  t.match(logged, [{ item: 'a' }, { item: 'invalid' }]);
  // Ends the wait before the next attempt, as the recorder does when it stops.
  const closed = feed.close();
  const [again] = await begun();
  t.equal(again?.item, 'a');
  again?.settle.resolve();
  const [last] = await begun();
  t.equal(last?.item, 'later');
  last?.settle.resolve();
  await closed;
});

t.test('what cannot be written when the recorder stops is logged and given up', async (t) => {
  const { feed, begun, logged } = createFeed();
  feed.add('a');
  const closed = feed.close();
  for (const { settle } of await begun()) settle.reject(new Error('disk full'));
  await closed;
  t.match(logged, [{ item: 'a', err: { message: 'disk full' } }]);
});
