import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { countObjects } from '../test/server/thread-figures.ts';
import { ownArguments } from './command-line/own-arguments.ts';
import { describe, type Holdings, ProbedRecorder } from './growth/probed-recorder.ts';
import { LoadGenerator } from './streams/load-generator.ts';

const OPTIONS = {
  rounds: { type: 'string', default: '10' },
  streams: { type: 'string', default: '100' },
  workers: { type: 'string', default: '2' },
  /** Bit/s of the video: connects cost more than media. */
  bitrate: { type: 'string', default: '50000' },
  /** Names the objects of which there are more in the last round than in the second. */
  objects: { type: 'boolean', default: false },
} as const;

/** Time until what a session leaves behind has ended, ms. */
const LEAVE_MS = 3000;
/** Number of names that are printed. */
const MOST_NAMES = 25;

/**
 * Publishers connect over WHIP, send for a moment and leave, in rounds: what is held after each round
 * shows as a slope what nobody releases.
 *
 * `npm run bench -- connects --rounds 10 --streams 100`; `--objects` names what there is more of.
 */
export async function run(): Promise<void> {
  const { values } = parseArgs({ args: ownArguments(), options: OPTIONS });
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-heaps-'));
  const recorder = await ProbedRecorder.start(
    Number(values.workers),
    values.objects ? folder : undefined,
  );
  try {
    const rounds: Holdings[] = [];
    for (let round = 1; round <= Number(values.rounds); round++) {
      const whip = ['-whip', recorder.whip, '-streams', values.streams, '-bitrate', values.bitrate];
      const load = await LoadGenerator.start(whip, 1, 0);
      await delay(LEAVE_MS);
      await load.end();
      await delay(LEAVE_MS);
      rounds.push(await recorder.holdings());
      console.log(`connects, ${round} × ${values.streams}: ${describe(rounds.at(-1)!)}`);
    }
    if (values.objects) await printGrowth(rounds[1]!, rounds.at(-1)!);
  } finally {
    await recorder.end();
    rmSync(folder, { recursive: true });
  }
}

/** Prints which objects of each thread there are more of. */
async function printGrowth(before: Holdings, after: Holdings): Promise<void> {
  for (const [index, thread] of after.threads.entries()) {
    const counts = await countObjects(before.threads[index]!.snapshot!);
    const grown = [...(await countObjects(thread.snapshot!))]
      .map(([name, count]): [string, number] => [name, count - (counts.get(name) ?? 0)])
      .filter(([, more]) => more > 0)
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_NAMES);
    const named = grown.map(([name, more]) => `${name} +${more}`);
    console.log(`  thread ${thread.threadId}: ${named.join(', ')}`);
  }
}

if (import.meta.main) await run();
