import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ThreadLoad } from '../recorder.ts';

/** Interval of the samples, ms: what arrives waits up to this long before it is noticed late. */
const SAMPLE_MS = 20;

/** Measures how busy the thread is that creates it. */
export class ThreadLoadMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });

  constructor() {
    this.#delay.enable();
  }

  /** The load now; delays since the call before. */
  read(): ThreadLoad {
    // Only Node 24 and later know the share of a thread.
    const cpu = process.threadCpuUsage?.();
    const load = {
      ...(cpu && { userSeconds: cpu.user / 1e6, systemSeconds: cpu.system / 1e6 }),
      delayP50Seconds: late(this.#delay.percentile(50)),
      delayP99Seconds: late(this.#delay.percentile(99)),
      delayMaxSeconds: this.#delay.count === 0 ? 0 : late(this.#delay.max),
    };
    this.#delay.reset();
    return load;
  }
}

/** A sample spans the interval and what came on top. @param ns length of the sample */
function late(ns: number): number {
  return Math.max(0, ns / 1e6 - SAMPLE_MS) / 1000;
}
