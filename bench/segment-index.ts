import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Segment } from '../src/facts/segment.ts';
import { SegmentIndex } from '../src/segment-index/segment-index.ts';

const ROWS = 1_000_000;
const STREAMS = 50;
const SEGMENT_US = 10_000_000;
const EPOCH_US = Date.UTC(2025, 6, 24) * 1000;

/** The nth segment of a node that records so many streams, each a video and an audio track. */
function segmentOf(n: number): Segment {
  const stream = `camera-${String((n >> 1) % STREAMS).padStart(3, '0')}`;
  const video = n % 2 === 0;
  const inStream = Math.floor(n / 2 / STREAMS);
  const startUs = EPOCH_US + inStream * SEGMENT_US;
  const day = new Date(startUs / 1000).toISOString().slice(0, 10).replaceAll('-', '/');
  const number = String((inStream % 8640) + 1).padStart(4, '0');
  const prefix = video ? '' : 'audio_';
  return {
    stream,
    kind: video ? 'video' : 'audio',
    startUs,
    endUs: startUs + SEGMENT_US,
    path: `${stream}/${day}/${prefix}seg_${number}.m4s`,
    initPath: `${stream}/${day}/${prefix}init.m4s`,
    isKeyframe: true,
    keyframes: video ? Array.from({ length: 5 }, (_, at) => startUs + at * 2_000_000) : [],
    codec: video ? 'avc1.42e01f' : 'opus',
    size: video ? 3_145_728 + n : 160_000,
  };
}

async function memory(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  // What array buffers took is counted until they were swept, beside us.
  await setTimeout(100);
  gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  // What array buffers take is counted in external as well.
  return heapUsed + Math.max(external, arrayBuffers);
}

type Options = Parameters<typeof SegmentIndex.open>[0];

/** Opens and closes an index three times. @returns the median of the times that opening took */
async function load(options: Options): Promise<string> {
  const times: { wall: number; cpu: number }[] = [];
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    const cpu = process.cpuUsage();
    const index = await SegmentIndex.open(options);
    const { user, system } = process.cpuUsage(cpu);
    times.push({ wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 });
    await index.close();
  }
  const { wall, cpu } = times.sort((a, b) => a.cpu - b.cpu)[1]!;
  return `${wall.toFixed(2)} s (${cpu.toFixed(2)} s of processor time)`;
}

/** Lets an index write its snapshot, which it lacks. */
async function storeSnapshot(options: Options, path: string): Promise<void> {
  const index = await SegmentIndex.open(options);
  await timeWithStalls(async () => {
    while (!(await stat(path).catch(() => undefined))) await setTimeout(20);
    return 'wrote the snapshot';
  });
  await index.close();
}

/** Prints the processor time of one call: the best of several runs, as others may be busy too. */
function time(name: string, calls: number, call: (n: number) => unknown): void {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const start = process.cpuUsage();
    for (let n = 0; n < calls; n++) call(run * calls + n);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, user + system);
  }
  console.log(`  ${name.padEnd(40)} ${(best / calls).toFixed(1).padStart(9)} µs`);
}

/** Prints the processor time that something took of this thread, and at most between two turns. */
async function timeWithStalls(work: () => Promise<string>): Promise<void> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let isDone = false;
  let longest = 0;
  const start = cpuMs();
  let last = start;
  const turn = () => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const what = await work();
  isDone = true;
  turn();
  const total = (last - start).toFixed(0);
  console.log(`  ${what} in ${total} ms, ${longest.toFixed(1)} ms at a stretch`);
}

/** Memory, loading and queries of the segment index at a million segments. */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-segment-index-'));
  const options = {
    journalPath: join(folder, 'index.journal'),
    nodeAlias: 'live777-node-001',
    log: { warn: (fields: object, message: string) => console.warn(message, fields) },
  };
  try {
    const filling = await SegmentIndex.open(options);
    const start = performance.now();
    for (let n = 0; n < ROWS; n += 10_000) {
      await Promise.all(Array.from({ length: 10_000 }, (_, at) => filling.add(segmentOf(n + at))));
    }
    const addUs = ((performance.now() - start) * 1000) / ROWS;
    await filling.close();

    // Without a snapshot, and with one that is as new as the journal.
    const snapshotPath = `${options.journalPath}.snapshot`;
    await rm(snapshotPath, { force: true });
    const fromJournal = await load(options);
    await storeSnapshot(options, snapshotPath);
    const fromSnapshot = await load(options);

    const empty = await memory();
    const index = await SegmentIndex.open(options);
    const bytes = ((await memory()) - empty) / ROWS;
    const { size } = await stat(options.journalPath);
    const snapshotSize = (await stat(snapshotPath)).size;
    console.log(`segment index, ${ROWS} segments of ${STREAMS} streams, half of them video`);
    console.log(
      `  memory ${bytes.toFixed(1)} B a segment, journal ${Math.round(size / ROWS)} B, snapshot ${Math.round(snapshotSize / ROWS)} B`,
    );
    console.log(`  loaded from a snapshot in ${fromSnapshot}, from the journal in ${fromJournal}`);
    console.log(`  added at ${addUs.toFixed(1)} µs each`);

    const last = JSON.parse(index.page({ limit: 1000 }).toString()).last_ts as number;
    const newest = Number.MAX_SAFE_INTEGER;
    const stream = 'camera-007';
    const day = { startUs: EPOCH_US + 86_400_000_000, endUs: EPOCH_US + 86_400_000_000 + 3.6e9 };
    // As they are sent; a copy of one costs as much again, for its new memory.
    time('page of 1000', 50, () => index.reply({ limit: 1000, sinceTs: last }).release?.());
    time('copy of a page of 1000', 50, () => index.page({ limit: 1000, sinceTs: last }));
    time('page of 200', 200, () => index.page({ limit: 200, sinceTs: last }));
    time('poll of 10 newer', 2000, () => index.page({ limit: 10, sinceTs: last }));
    time('poll with nothing newer', 5000, () => index.page({ limit: 200, sinceTs: newest }));
    time('poll of one stream with nothing newer', 5000, () =>
      index.page({ limit: 200, sinceTs: newest, stream }),
    );
    time('page of 200 of one stream', 200, () => index.page({ limit: 200, sinceTs: last, stream }));
    time('one hour of one stream (720)', 50, () => index.page({ limit: 1000, stream, ...day }));
    time('one instant of one stream', 2000, () =>
      index.page({ limit: 10, stream, startUs: day.startUs, endUs: day.startUs }),
    );
    time('one hour of all streams, first 1000', 50, () => index.page({ limit: 1000, ...day }));
    time('folders', 5, () => index.folders());
    time('is a path known', 5000, (n) => index.has(segmentOf((n * 2 * STREAMS) % ROWS).path));

    const full = await memory();
    const hour = 3_600_000_000;
    for (const [name, beforeUs] of [
      ['an hour', EPOCH_US + hour],
      ['the rest of a day', EPOCH_US + 24 * hour],
    ] as const) {
      await timeWithStalls(async () => `evicted ${name} (${await index.evict(beforeUs)} segments)`);
    }
    const freed = (full - (await memory())) / (ROWS - index.size);
    console.log(`  which freed ${freed.toFixed(1)} B a segment`);
    await index.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) await run();
