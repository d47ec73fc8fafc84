import { setImmediate } from 'node:timers/promises';

/** Work in short steps: it may pause at each `yield`, and returns its result. */
export type Stepwise<Result> = Generator<void, Result, void>;

/**
 * Runs it with a turn of the event loop after each step, so that nothing else is delayed for long.
 */
export async function stepByStep<Result>(work: Stepwise<Result>): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}

/** Runs it without pauses. */
export function atOnce<Result>(work: Stepwise<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
