import { steadyNowUs } from './steady-clock.ts';

/** A clock with timers; tests use a simulated one. */
export interface Clock {
  /** ms since the Unix epoch; never steps back. */
  now(): number;
  /** The same in integer µs. */
  nowUs(): number;
  /** Calls once after this many ms, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => steadyNowUs() / 1000,
  nowUs: steadyNowUs,
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
