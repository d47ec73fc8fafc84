import { setImmediate } from 'node:timers/promises';

/** Work that is divided into short steps: it may rest wherever it yields, and returns its result. */
export type Stepwise<Result> = Generator<void, Result, void>;

/** Does it with a turn of the event loop after each step, so that nothing else has to wait for long. */
export async function stepByStep<Result>(work: Stepwise<Result>): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}

/** Does it without a rest. */
export function atOnce<Result>(work: Stepwise<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
