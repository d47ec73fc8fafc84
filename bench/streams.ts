import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Measurement, measureProcess, startBound } from './streams/measured-process.ts';

const RECORDER_CORE = 0;
const LOAD_CORE = 1;
const PORT = 7797;
const UDP_PORT = 7798;
const REPOSITORY = path.join(import.meta.dirname, '..');

const OPTIONS = {
  streams: { type: 'string', default: '70' },
  seconds: { type: 'string', default: '20' },
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

/**
 * Prints what the whole way costs, from the socket to DASH on disk, with the recorder on one core and
 * the load generator on another; and what receiving the same datagrams alone costs.
 *
 * `npm run bench -- streams --streams 90`; `--against FOLDER` measures another checkout too,
 * `--compare 'COMMAND' --whip http://127.0.0.1:8889/{stream}/whip` another recorder.
 */
export async function run(): Promise<void> {
  const first = process.argv.findIndex((argument, index) => index > 1 && argument.startsWith('-'));
  const args = first < 0 ? [] : process.argv.slice(first);
  const { values } = parseArgs({ args, options: OPTIONS });
  const streams = Number(values.streams);
  const seconds = Number(values.seconds);
  const workers = Number(values.workers);
  const results: Record<string, Measurement & { indexedMs?: number[] }> = {};
  results['receiving alone'] = await receiveOnly(streams, seconds);
  if (values.against !== undefined) {
    results[values.against] = await ourRecorder(values.against, workers, streams, seconds);
  }
  results.recorder = await ourRecorder(REPOSITORY, workers, streams, seconds);
  if (values['one-port']) {
    const measured = await ourRecorder(REPOSITORY, workers, streams, seconds, UDP_PORT);
    results['recorder with one port'] = measured;
  }
  if (values.compare !== undefined && values.whip !== undefined) {
    results[values.compare] = await otherRecorder(values.compare, values.whip, streams, seconds);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else print(results);
}

async function receiveOnly(streams: number, seconds: number): Promise<Measurement> {
  const program = path.join(import.meta.dirname, 'streams/receive-only.ts');
  const child = spawn(
    'taskset',
    ['--cpu-list', String(RECORDER_CORE), process.execPath, program, String(streams)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [ports] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  try {
    return await measureProcess(child.pid!, ['-udp', ports], streams, seconds, LOAD_CORE);
  } finally {
    await stopped(child);
  }
}

async function ourRecorder(
  checkout: string,
  workers: number,
  streams: number,
  seconds: number,
  udpPort?: number,
) {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-streams-'));
  const config = path.join(root, 'live777.toml');
  writeFileSync(
    config,
    '[log]\nlevel = "error"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n' +
      `${udpPort === undefined ? '' : `ice_udp_port = ${udpPort}\n`}` +
      `[recorder]\nauto_streams = ["*"]\nworkers = ${workers}\n[recorder.storage]\ntype = "fs"\nroot = "${root}/recordings"\n`,
  );
  const url = `http://127.0.0.1:${PORT}`;
  const child = startBound(workers === 1 ? RECORDER_CORE : undefined, [
    ...[process.execPath, path.join(checkout, 'src/main.ts')],
    ...['--config', config, '--listen', `127.0.0.1:${PORT}`],
  ]);
  try {
    await listening(child, `${url}/api/node`);
    // The workers' first garbage, and the spare worker, are no part of the load.
    await delay(8000);
    // The recorder counts from the first time on.
    await fetch(`${url}/metrics`);
    const whip = ['-whip', `${url}/whip/{stream}`, '-streams', String(streams)];
    const measured = await measureProcess(child.pid!, whip, streams, seconds, LOAD_CORE);
    return { ...measured, indexedMs: await indexDelays(url) };
  } finally {
    await stopped(child);
    rmSync(root, { recursive: true });
  }
}

/**
 * Ms from the arrival of what ended a segment until its row: bounds of median and 99th percentile; empty for a
 * recorder that does not measure it.
 */
async function indexDelays(url: string): Promise<number[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const buckets = Array.from(
    text.matchAll(/segment_index_seconds_bucket\{le="([\d.]+)"\} (\d+)/g),
    ([, bound, count]) => ({ ms: Number(bound) * 1000, count: Number(count) }),
  );
  const all = buckets.at(-1)?.count ?? 0;
  if (all === 0) return [];
  return [0.5, 0.99].map((share) => buckets.find(({ count }) => count >= share * all)?.ms ?? 0);
}

async function otherRecorder(command: string, whip: string, streams: number, seconds: number) {
  const child = startBound(RECORDER_CORE, ['sh', '-c', `exec ${command}`]);
  try {
    await listening(child, new URL('/', whip).href);
    await delay(3000);
    const to = ['-whip', whip, '-streams', String(streams)];
    return await measureProcess(child.pid!, to, streams, seconds, LOAD_CORE);
  } finally {
    await stopped(child);
  }
}

/** Resolves when an address answers, whatever it says. @throws Error if the process ends instead */
async function listening(child: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended`);
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch {
      await delay(200);
    }
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

function print(results: Record<string, Measurement & { indexedMs?: number[] }>): void {
  for (const [name, measured] of Object.entries(results)) {
    const { threads, baseBytes, bytesPerStream, indexedMs, ...figures } = measured;
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
    if (indexedMs)
      console.log(`  end of a segment to its row: at most ${indexedMs.join(' ms, p99 ')} ms`);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

if (import.meta.main) await run();
