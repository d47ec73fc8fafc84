import t from 'tap';
import { requireFfmpeg } from '../../media/tool.ts';
import { repeat } from '../../thoroughness.ts';
import { killLoop } from './kill-loop.ts';

const KILLS = {
  h264: repeat(8, 2),
  vp8: repeat(4, 2),
  h265: repeat(4, 1),
  av1: repeat(2, 1),
  vp9: repeat(2, 1),
};

for (const codec of ['h264', 'vp8', 'h265', 'av1', 'vp9'] as const) {
  t.test(
    `${codec}: a recorder that is killed at any moment loses at most its last second`,
    async (t) => {
      if (!requireFfmpeg(t)) return;
      const { segments, recorded, mostMissingSeconds, faults } = await killLoop(
        KILLS[codec],
        codec,
      );
      t.same(faults, []);
      t.ok(segments > 0 && recorded > 0, `${recorded} units in ${segments} segments`);
      t.ok(mostMissingSeconds <= 1.2, `at most ${mostMissingSeconds} s are missing`);
    },
  );
}
