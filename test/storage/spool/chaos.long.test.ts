import t from 'tap';
import { repeat } from '../../thoroughness.ts';
import { chaos } from './chaos.ts';

t.test('a recorder killed again and again loses nothing', async (t) => {
  const { committed, lost, left, dangling } = await chaos(repeat(12, 3));
  t.ok(committed > 3, `${committed} files were committed`);
  t.same(lost, []);
  t.same(left, []);
  t.same(dangling, []);
});
