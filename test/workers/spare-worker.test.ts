import t from 'tap';
import { SpareWorker } from '../../src/workers/spare-worker.ts';
import { until } from '../server/until.ts';

/** As much of a link as a spare needs. */
function fakeLink() {
  const link = {
    isAlive: true,
    close: async () => {
      link.isAlive = false;
    },
  };
  return link;
}

t.test('a spare is there for each death, and dies with its owner', async (t) => {
  const started: ReturnType<typeof fakeLink>[] = [];
  const spare = new SpareWorker(() => {
    const link = fakeLink();
    started.push(link);
    return link;
  }, 1);
  t.equal(spare.take(), undefined, 'none is there yet');
  await until('the first', () => started.length === 1);
  t.equal(spare.take(), started[0]);
  t.equal(spare.take(), undefined, 'it is given away once');
  await until('the next', () => started.length === 2);
  started[1]!.isAlive = false;
  t.equal(spare.take(), undefined, 'one that died is of no use');
  await until('another', () => started.length === 3);
  await spare.close();
  t.notOk(started[2]!.isAlive);
  t.ok(started[0]!.isAlive, 'what was given away is its new owner’s');
  spare.prepare();
  t.equal(spare.take(), undefined);
});
