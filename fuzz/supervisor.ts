import { Worker } from 'node:worker_threads';
import { describe, type Finding, type FuzzOptions, type FuzzResult } from './fuzzer.ts';
import { currentInput, type Limits, USUAL_LIMITS, watch, watchedMemory } from './watchdog.ts';

/** Longest input that any target takes, bytes. */
const MOST_BYTES = 4 * 1024 * 1024;
const HEAP_MEGABYTES = 1024;

/**
 * Fuzzes one target in a thread of its own, and watches that no input holds it up or eats the memory.
 *
 * @param onFinding told of each finding as it is made
 * @returns what it came to; undefined when the thread had to be ended
 */
export async function fuzzTarget(
  options: FuzzOptions,
  onFinding: (finding: Finding) => void,
  limits: Limits = USUAL_LIMITS,
): Promise<FuzzResult | undefined> {
  const watched = watchedMemory(MOST_BYTES);
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: { options, watched },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  });
  let result: FuzzResult | undefined;
  let faulty = false;
  await new Promise<void>((resolve) => {
    const stopWatching = watch(watched, limits, (what, input) => {
      faulty = true;
      onFinding({ what, input });
      void worker.terminate();
    });
    worker.on('message', (message: { finding?: Finding; result?: FuzzResult }) => {
      if (message.finding !== undefined) onFinding(message.finding);
      result = message.result ?? result;
    });
    worker.on('error', (error) => {
      faulty = true;
      onFinding({ what: describe(error), input: currentInput(watched) });
    });
    worker.on('exit', () => {
      stopWatching();
      if (result === undefined && !faulty) {
        const what = 'Hang: waits for what never comes';
        onFinding({ what, input: currentInput(watched) });
      }
      resolve();
    });
  });
  return result;
}
