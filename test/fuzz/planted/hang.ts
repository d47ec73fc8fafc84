import type { FuzzTarget } from '../../../fuzz/target.ts';

/** Never ends for inputs whose first byte is odd. */
export const target: FuzzTarget = {
  covers: ['test/fuzz/planted'],
  maxBytes: 64,
  seeds: () => [Buffer.of(2)],
  run(input) {
    while ((input[0] ?? 0) % 2 === 1);
  },
};
