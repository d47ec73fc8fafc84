import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownArguments } from './command-line/own-arguments.ts';
import { BoundRecorder, listening, startBound, stopped } from './streams/bound-recorder.ts';
import { type Load, type Measurement, measureProcess } from './streams/measured-process.ts';

const RECORDER_CORE = 0;
const LOAD_CORE = 1;
const PORT = 7797;
const UDP_PORT = 7798;
const REPOSITORY = path.join(import.meta.dirname, '..');

const OPTIONS = {
  streams: { type: 'string', default: '70' },
  seconds: { type: 'string', default: '20' },
  /**
   * How far apart, in seconds, the first and the last stream begin. Streams that begin on their own end their
   * segments at any time; with 0, those of all streams end together.
   */
  spread: { type: 'string', default: '10' },
  /** Worker threads; the recorder is bound to a core only if there is one. */
  workers: { type: 'string', default: '1' },
  /** The source of another commit of ours, which is measured in the same run. */
  against: { type: 'string' },
  /** Command line of another recorder, and its WHIP address, in which `{stream}` is the stream. */
  compare: { type: 'string' },
  whip: { type: 'string' },
  /** Measures one UDP port for all streams too, beside sockets for each. */
  'one-port': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

interface RecorderMeasurement extends Measurement {
  indexedMs?: number[];
  loopMs?: number[];
}

/**
 * Prints what the whole way costs, from the socket to DASH on disk, with the recorder on one core and
 * the load generator on another; and what receiving the same datagrams alone costs.
 *
 * `npm run bench -- streams --streams 90`; `--against FOLDER` measures another checkout too,
 * `--compare 'COMMAND' --whip http://127.0.0.1:8889/{stream}/whip` another recorder.
 */
export async function run(): Promise<void> {
  const { values } = parseArgs({ args: ownArguments(), options: OPTIONS });
  const load: Omit<Load, 'to'> = {
    streams: Number(values.streams),
    seconds: Number(values.seconds),
    spreadSeconds: Number(values.spread),
    core: LOAD_CORE,
  };
  const workers = Number(values.workers);
  const results: Record<string, RecorderMeasurement> = {};
  results['receiving alone'] = await receiveOnly(load);
  if (values.against !== undefined) {
    results[values.against] = await ourRecorder(values.against, workers, load);
  }
  results.recorder = await ourRecorder(REPOSITORY, workers, load);
  if (values['one-port']) {
    const measured = await ourRecorder(REPOSITORY, workers, load, UDP_PORT);
    results['recorder with one port'] = measured;
  }
  if (values.compare !== undefined && values.whip !== undefined) {
    results[values.compare] = await otherRecorder(values.compare, values.whip, load);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else print(results);
}

async function receiveOnly(load: Omit<Load, 'to'>): Promise<Measurement> {
  const program = path.join(import.meta.dirname, 'streams/receive-only.ts');
  const child = spawn(
    'taskset',
    ['--cpu-list', String(RECORDER_CORE), process.execPath, program, String(load.streams)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [ports] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  try {
    return await measureProcess(child.pid!, { ...load, to: ['-udp', ports] });
  } finally {
    await stopped(child);
  }
}

async function ourRecorder(
  checkout: string,
  workers: number,
  load: Omit<Load, 'to'>,
  udpPort?: number,
): Promise<RecorderMeasurement> {
  const recorder = await BoundRecorder.start(
    checkout,
    { port: PORT, workers, ...(udpPort !== undefined && { udpPort }) },
    workers === 1 ? RECORDER_CORE : undefined,
  );
  const { url, pid } = recorder;
  try {
    // The workers' first garbage, and the spare worker, are no part of the load.
    await delay(8000);
    // The recorder counts from the first time on.
    await fetch(`${url}/metrics`);
    const to = ['-whip', recorder.whip, '-streams', String(load.streams)];
    let metrics = '';
    const measured = await measureProcess(pid, { ...load, to }, async () => {
      metrics = await (await fetch(`${url}/metrics`)).text();
    });
    return { ...measured, indexedMs: indexDelays(metrics), loopMs: loopDelays(metrics) };
  } finally {
    await recorder.end();
  }
}

/**
 * Ms from the arrival of what ended a segment until its row: bounds of median and 99th percentile; empty for a
 * recorder that does not measure it.
 */
function indexDelays(metrics: string): number[] {
  const buckets = Array.from(
    metrics.matchAll(/segment_index_seconds_bucket\{le="([\d.]+)"\} (\d+)/g),
    ([, bound, count]) => ({ ms: Number(bound) * 1000, count: Number(count) }),
  );
  const all = buckets.at(-1)?.count ?? 0;
  if (all === 0) return [];
  return [0.5, 0.99].map((share) => buckets.find(({ count }) => count >= share * all)?.ms ?? 0);
}

/** Ms by which the event loop of a worker was late during the measurement: 99th percentile, of each worker. */
function loopDelays(metrics: string): number[] {
  return Array.from(
    metrics.matchAll(/event_loop_delay_p99_seconds\{worker="\d+"\} ([\d.e-]+)/g),
    ([, seconds]) => Math.round(Number(seconds) * 1000),
  );
}

async function otherRecorder(command: string, whip: string, load: Omit<Load, 'to'>) {
  const child = startBound(RECORDER_CORE, ['sh', '-c', `exec ${command}`]);
  try {
    await listening(child, new URL('/', whip).href);
    await delay(3000);
    const to = ['-whip', whip, '-streams', String(load.streams)];
    return await measureProcess(child.pid!, { ...load, to });
  } finally {
    await stopped(child);
  }
}

function print(results: Record<string, RecorderMeasurement>): void {
  for (const [name, measured] of Object.entries(results)) {
    const { threads, baseBytes, bytesPerStream, indexedMs, loopMs, ...figures } = measured;
    console.log(
      `streams, ${name}: ${figures.usPerPacket} µs of CPU a packet, ${figures.corePercent} % of a core ` +
        `at ${figures.streams} streams (${figures.packetsPerSecond} packets/s), ` +
        `${figures.nacked} packets asked for again, ${figures.lost} connections lost`,
    );
    const shares = Object.entries(threads).map(([thread, share]) => `${thread} ${share} %`);
    console.log(
      `  threads: ${shares.join(', ')}; memory: ${megabytes(baseBytes)} MB + ` +
        `${megabytes(bytesPerStream)} MB a stream`,
    );
    if (indexedMs?.length) {
      console.log(`  end of a segment to its row: at most ${indexedMs.join(' ms, p99 ')} ms`);
    }
    if (loopMs?.length) console.log(`  delay of the event loop, p99: ${loopMs.join(', ')} ms`);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

if (import.meta.main) await run();
