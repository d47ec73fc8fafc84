import type { FuzzTarget } from '../../../fuzz/target.ts';

/** Waits for ever. */
export const target: FuzzTarget = {
  covers: ['test/fuzz/planted'],
  maxBytes: 64,
  seeds: () => [Buffer.of(2)],
  run: () => new Promise(() => {}),
};
