import t from 'tap';
import { StrangerGuard } from '../../src/ingest/stranger-guard.ts';

t.test('looks at so many checks of strangers a tick, and no more', async (t) => {
  const guard = new StrangerGuard();
  const lookedAt = () => Array.from({ length: 600 }, () => guard.mayCheck()).filter(Boolean).length;
  t.equal(lookedAt(), 10);
  t.equal(lookedAt(), 0);
  guard.tick();
  t.equal(lookedAt(), 10, 'again in the next');
});

t.test('tells a flood from what is astray', async (t) => {
  const guard = new StrangerGuard();
  for (let dropped = 0; dropped < 20; dropped++) guard.drop();
  guard.tick();
  t.equal(guard.isFlooded, false);
  for (let dropped = 0; dropped < 21; dropped++) guard.drop();
  guard.tick();
  t.equal(guard.isFlooded, true);
  guard.tick();
  t.equal(guard.isFlooded, false, 'over');
  t.equal(guard.dropped, 41);
});
