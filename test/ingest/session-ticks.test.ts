import t from 'tap';
import { beginTicks, endTicks } from '../../src/ingest/session-ticks.ts';

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

t.test('each tick is called until it ends, and there is one timer at most', async (t) => {
  const before = timers();
  let ended = 0;
  let others = 0;
  await new Promise<void>((resolve) => {
    const first = () => {
      ended++;
      // From within, as a session that ends does.
      endTicks(first);
    };
    const second = () => {
      others++;
      if (others < 3) return;
      endTicks(second);
      resolve();
    };
    beginTicks(first);
    beginTicks(second);
    t.equal(timers(), before + 1);
  });
  t.equal(ended, 1);
  t.equal(others, 3);
  t.equal(timers(), before);
});

t.test('ticks begin again after the last one has ended', async (t) => {
  await new Promise<void>((resolve) => {
    const tick = () => {
      endTicks(tick);
      resolve();
    };
    beginTicks(tick);
  });
  t.equal(timers(), 0);
});
