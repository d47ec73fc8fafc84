import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownArguments } from './command-line/own-arguments.ts';
import { BoundRecorder } from './streams/bound-recorder.ts';
import { LoadGenerator } from './streams/load-generator.ts';
import { cpuUse, residentBytes } from './streams/process-cpu.ts';

const RECORDER_CORE = 0;
const LOAD_CORE = 1;
const FIRST_PORT = 7797;
const SPREAD_SECONDS = 10;
/** Each measures both, ms. */
const WINDOW_MS = 3000;

const OPTIONS = {
  /** The source of another commit of ours. */
  against: { type: 'string' },
  /** Streams of each. */
  streams: { type: 'string', default: '35' },
  windows: { type: 'string', default: '30' },
} as const;

/**
 * Compares two commits at the same time: both recorders share a core, so that whatever else the machine does meets
 * both. It shows differences of 1 %, which runs one after the other hide in their noise.
 *
 * `npm run bench -- side-by-side --against FOLDER`
 */
export async function run(): Promise<void> {
  const { values } = parseArgs({ args: ownArguments(), options: OPTIONS });
  if (values.against === undefined) {
    console.log('side-by-side: needs --against FOLDER');
    return;
  }
  const checkouts = [values.against, path.join(import.meta.dirname, '..')];
  const recorders: BoundRecorder[] = [];
  try {
    for (const [index, checkout] of checkouts.entries()) {
      const settings = { port: FIRST_PORT + index, workers: 1 };
      recorders.push(await BoundRecorder.start(checkout, settings, RECORDER_CORE));
    }
    const loads = await Promise.all(
      recorders.map(({ whip }) =>
        LoadGenerator.start(['-whip', whip, '-streams', values.streams], LOAD_CORE, SPREAD_SECONDS),
      ),
    );
    await delay(1000 * SPREAD_SECONDS);
    const windows: number[][] = [];
    for (let window = 0; window < Number(values.windows); window++) {
      windows.push(await usPerPacket(recorders, loads));
    }
    print(checkouts, windows);
    for (const [index, load] of loads.entries()) {
      const megabytes = Math.round(residentBytes(recorders[index]!.pid) / 1e6);
      const { nacked, lost } = await load.counts();
      console.log(
        `  ${checkouts[index]}: ${megabytes} MB, ${nacked} packets asked for again, ${lost} connections lost`,
      );
      await load.end();
    }
  } finally {
    for (const recorder of recorders) await recorder.end();
  }
}

/** CPU time of each recorder in a window, µs a packet. */
async function usPerPacket(
  recorders: readonly BoundRecorder[],
  loads: readonly LoadGenerator[],
): Promise<number[]> {
  const look = async () => {
    const used = recorders.map(({ pid }) => cpuUse(pid).total);
    const sent = await Promise.all(loads.map((load) => load.counts()));
    return used.map((us, index) => ({ us, packets: sent[index]!.packets }));
  };
  const before = await look();
  await delay(WINDOW_MS);
  const after = await look();
  return after.map(({ us, packets }, index) => {
    const { us: usBefore, packets: packetsBefore } = before[index]!;
    return (us - usBefore) / (packets - packetsBefore);
  });
}

/** Prints averages, and the ratio with the standard error of its logarithm. */
function print(checkouts: readonly string[], windows: readonly number[][]): void {
  for (const [index, checkout] of checkouts.entries()) {
    const us = mean(windows.map((window) => window[index]!));
    console.log(`side-by-side, ${checkout}: ${us.toFixed(1)} µs of CPU a packet`);
  }
  const logarithms = windows.map(([before, now]) => Math.log(now! / before!));
  const average = mean(logarithms);
  const variance = mean(logarithms.map((value) => (value - average) ** 2));
  const error = Math.sqrt(variance / (logarithms.length - 1));
  console.log(`  ratio ${Math.exp(average).toFixed(3)}, ± ${error.toFixed(3)} (standard error)`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

if (import.meta.main) await run();
