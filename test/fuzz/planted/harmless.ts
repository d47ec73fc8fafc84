import type { FuzzTarget } from '../../../fuzz/target.ts';

/** Finds nothing wrong with any input, of whatever length, but takes CPU time that a clock sees. */
export const target: FuzzTarget = {
  covers: ['test/fuzz/planted'],
  maxBytes: 64,
  seeds: () => [Buffer.alloc(0)],
  run() {
    const { user, system } = process.threadCpuUsage();
    let now = { user, system };
    while (now.user === user && now.system === system) now = process.threadCpuUsage();
  },
};
