import { setTimeout as delay } from 'node:timers/promises';
import { LoadGenerator } from './load-generator.ts';
import { cpuUse, residentBytes } from './process-cpu.ts';

/** Time for sessions to settle before a measurement, ms. */
const SETTLE_MS = 5000;

/** What a process was measured to cost under load. */
export interface Measurement {
  streams: number;
  /** Packets sent to it a second. */
  packetsPerSecond: number;
  /** CPU time, µs a packet. */
  usPerPacket: number;
  /** Share of one core, %. */
  corePercent: number;
  /** Share of one core by thread, %, the greatest first. */
  threads: Record<string, number>;
  /** Packets that it asked for again, and connections that were lost, during the measurement. */
  nacked: number;
  lost: number;
  /** Resident memory with the load above that without, bytes a stream. */
  bytesPerStream: number;
  /** Resident memory without load, bytes. */
  baseBytes: number;
}

/** What a process is loaded with. */
export interface Load {
  /** Addresses, see {@link LoadGenerator.start}. */
  to: readonly string[];
  streams: number;
  /** Duration of the measurement. */
  seconds: number;
  /** Core of the generator. */
  core: number;
  /** See {@link LoadGenerator.start}. */
  spreadSeconds: number;
}

/**
 * Loads a process and measures what it uses.
 * @param pid the process, which waits for streams
 * @param look called at the beginning and at the end of the measurement, while all streams run
 */
export async function measureProcess(
  pid: number,
  { to, streams, seconds, core, spreadSeconds }: Load,
  look?: () => Promise<void>,
): Promise<Measurement> {
  const baseBytes = residentBytes(pid);
  const load = await LoadGenerator.start(to, core, spreadSeconds);
  await delay(SETTLE_MS);
  await look?.();
  const before = { use: cpuUse(pid), sent: await load.counts(), atMs: performance.now() };
  await delay(seconds * 1000);
  const after = { use: cpuUse(pid), sent: await load.counts(), atMs: performance.now() };
  const bytes = residentBytes(pid);
  await look?.();
  await load.end();
  const elapsedUs = (after.atMs - before.atMs) * 1000;
  const packets = after.sent.packets - before.sent.packets;
  const used = after.use.total - before.use.total;
  const threads = [...after.use.threads]
    .map(([name, us]): [string, number] => [name, us - (before.use.threads.get(name) ?? 0)])
    .filter(([, us]) => us > elapsedUs / 1000)
    .sort(([, a], [, b]) => b - a)
    .map(([name, us]): [string, number] => [name, rounded((100 * us) / elapsedUs)]);
  return {
    streams,
    packetsPerSecond: Math.round(packets / (elapsedUs / 1e6)),
    usPerPacket: rounded(used / packets),
    corePercent: rounded((100 * used) / elapsedUs),
    threads: Object.fromEntries(threads),
    nacked: after.sent.nacked - before.sent.nacked,
    lost: after.sent.lost - before.sent.lost,
    bytesPerStream: Math.round((bytes - baseBytes) / streams),
    baseBytes,
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
