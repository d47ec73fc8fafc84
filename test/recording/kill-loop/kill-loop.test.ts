import t from 'tap';
import { requireFfmpeg } from '../../media/tool.ts';
import { repeat } from '../../thoroughness.ts';
import { killLoop } from './kill-loop.ts';

t.test('a recorder that is killed at any moment loses at most its last second', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { segments, recorded, mostMissingSeconds, faults } = await killLoop(repeat(8, 2));
  t.same(faults, []);
  t.ok(segments > 0 && recorded > 0, `${recorded} units in ${segments} segments`);
  t.ok(mostMissingSeconds <= 1.2, `at most ${mostMissingSeconds} s are missing`);
});
