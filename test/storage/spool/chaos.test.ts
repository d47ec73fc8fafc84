import t from 'tap';
import { chaos } from './chaos.ts';

t.test('a recorder killed twelve times loses nothing', async (t) => {
  const { committed, lost, left, dangling } = await chaos(12);
  t.ok(committed > 12, `${committed} files were committed`);
  t.same(lost, []);
  t.same(left, []);
  t.same(dangling, []);
});
