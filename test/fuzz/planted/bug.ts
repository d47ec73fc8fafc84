import type { FuzzTarget } from '../../../fuzz/target.ts';

/** Fails for inputs that begin with a word, which is found letter by letter or not at all. */
export const target: FuzzTarget = {
  covers: ['test/fuzz/planted'],
  maxBytes: 64,
  seeds: () => [Buffer.from('seed')],
  run(input) {
    if (input[0] !== 0x77) return;
    if (input[1] !== 0x6f) return;
    if (input[2] !== 0x72) return;
    if (input[3] !== 0x64) return;
    throw new Error('the planted bug');
  },
};
