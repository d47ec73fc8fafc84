import { steadyNowUs } from './steady-clock.ts';

/** Time as what waits goes by; another one lets tests pass hours in an instant. */
export interface Clock {
  /** ms since the Unix epoch; never steps back. */
  now(): number;
  /** The same in whole µs. */
  nowUs(): number;
  /** Calls once after that many ms, unless the function it returns is called before. */
  after(ms: number, call: () => void): () => void;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => steadyNowUs() / 1000,
  nowUs: steadyNowUs,
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
