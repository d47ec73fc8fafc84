import t from 'tap';
import { GroupCommit } from '../../src/journal/group-commit.ts';

t.test('items that come while a commit is under way share the next', async (t) => {
  const batches: number[][] = [];
  const gates: (() => void)[] = [];
  const group = new GroupCommit<number, number>(async (items) => {
    batches.push(items);
    await new Promise<void>((resolve) => gates.push(resolve));
    return items.map((item) => item * 10);
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const results = [group.add(1), group.add(2)];
  await turn();
  t.strictSame(batches, [[1, 2]], 'those of one turn go together');
  results.push(group.add(3), group.add(4));
  let ran = 0;
  const exclusive = group.exclusive(async () => {
    ran = batches.length;
  });
  await turn();
  t.equal(batches.length, 1);
  gates.shift()!();
  await exclusive;
  t.equal(ran, 1, 'the task ran between two commits');
  await turn();
  t.strictSame(batches, [
    [1, 2],
    [3, 4],
  ]);
  gates.shift()!();
  t.strictSame(await Promise.all(results), [10, 20, 30, 40]);
  await group.idle();
});

t.test('a commit that fails fails for its batch only', async (t) => {
  let failing = true;
  const group = new GroupCommit<number, number>(async (items) => {
    if (failing) throw new Error('disk full');
    return items;
  });
  await t.rejects(Promise.all([group.add(1), group.add(2)]), { message: 'disk full' });
  failing = false;
  t.equal(await group.add(3), 3);
  await t.rejects(
    group.exclusive(() => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.equal(await group.add(4), 4);
});
