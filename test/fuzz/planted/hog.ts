import type { FuzzTarget } from '../../../fuzz/target.ts';

const KEPT: Buffer[] = [];

/** Takes a mebibyte of memory at each run, for good. */
export const target: FuzzTarget = {
  covers: ['test/fuzz/planted'],
  maxBytes: 64,
  seeds: () => [Buffer.of(2)],
  run() {
    KEPT.push(Buffer.alloc(1024 * 1024, 1));
  },
};
