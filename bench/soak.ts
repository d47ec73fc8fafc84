import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownArguments } from './command-line/own-arguments.ts';
import { describe, ProbedRecorder } from './growth/probed-recorder.ts';
import { LoadGenerator } from './streams/load-generator.ts';

const OPTIONS = {
  minutes: { type: 'string', default: '30' },
  streams: { type: 'string', default: '20' },
  workers: { type: 'string', default: '2' },
  /** Bit/s of the video. */
  bitrate: { type: 'string', default: '2500000' },
} as const;

/**
 * Records the same streams all the time, and prints each minute what is held: what nobody releases shows as a
 * slope. The index and the log of events grow with each segment, by some dozens of bytes.
 *
 * `npm run bench -- soak --minutes 30 --streams 20`
 */
export async function run(): Promise<void> {
  const { values } = parseArgs({ args: ownArguments(), options: OPTIONS });
  const { streams, bitrate } = values;
  const recorder = await ProbedRecorder.start(Number(values.workers));
  try {
    const whip = ['-whip', recorder.whip, '-streams', streams, '-bitrate', bitrate];
    const load = await LoadGenerator.start(whip, 1, 10);
    for (let minute = 1; minute <= Number(values.minutes); minute++) {
      await delay(60_000);
      console.log(`soak, minute ${minute}: ${describe(await recorder.holdings())}`);
    }
    console.log(`soak: ${JSON.stringify(await load.counts())}`);
    await load.end();
  } finally {
    await recorder.end();
  }
}

if (import.meta.main) await run();
