import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Segment } from '../src/facts/segment.ts';
import { timelineOf } from '../src/playback/timeline.ts';
import { SegmentIndex } from '../src/segment-index/segment-index.ts';

const ROWS = 1_000_000;
const STREAMS = 50;
const DAYS = 30;
const DAY_US = 86_400_000_000;
/** So long that the rows of all streams, each a video and an audio track, make the days. */
const SEGMENT_US = Math.ceil((DAYS * DAY_US * STREAMS * 2) / ROWS / 1e6) * 1e6;
const EPOCH_US = Date.UTC(2025, 6, 1) * 1000;
/** Every so many segments one is missing, which is several gaps a day in each stream. */
const GAP_EVERY = 150;
const TURNS = 20;

/** The nth segment, in the order in which a node lists them. */
function segmentOf(n: number): Segment | undefined {
  const at = Math.floor(n / 2 / STREAMS);
  const index = (n >> 1) % STREAMS;
  if ((at + index) % GAP_EVERY === 0) return undefined;
  const stream = `camera-${String(index).padStart(3, '0')}`;
  const prefix = n % 2 === 0 ? '' : 'audio_';
  const startUs = EPOCH_US + at * SEGMENT_US;
  const day = new Date(startUs / 1000).toISOString().slice(0, 10).replaceAll('-', '/');
  const number = String(Math.floor((startUs % DAY_US) / SEGMENT_US) + 1).padStart(4, '0');
  return {
    stream,
    kind: n % 2 === 0 ? 'video' : 'audio',
    startUs,
    endUs: startUs + SEGMENT_US,
    path: `${stream}/${day}/${prefix}seg_${number}.m4s`,
    initPath: `${stream}/${day}/${prefix}init.m4s`,
    isKeyframe: true,
    keyframes: [],
    codec: n % 2 === 0 ? 'avc1.42e01f' : 'opus',
    size: 3_145_728,
    periodReason: 'publisher-changed',
  };
}

/** Prints what a timeline of all streams costs out of an index of a million segments. */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-timeline-'));
  const options = {
    journalPath: join(folder, 'index.journal'),
    nodeAlias: 'node',
    log: { warn: (fields: object, message: string) => console.warn(message, fields) },
  };
  try {
    const filling = await SegmentIndex.open(options);
    for (let n = 0; n < ROWS; n += 10_000) {
      const segments = Array.from({ length: 10_000 }, (_, at) => segmentOf(n + at));
      await Promise.all(segments.map((segment) => segment && filling.add(segment)));
    }
    await filling.close();
    const index = await SegmentIndex.open(options);
    console.log(`timeline, ${index.size} segments of ${STREAMS} streams in ${DAYS} days`);
    let spans = 0;
    const timeline = (startUs: number, endUs: number, resolutionUs: number) => {
      spans = 0;
      for (const stream of index.streams()) {
        spans += timelineOf(
          index.spans(stream, startUs, endUs),
          startUs,
          endUs,
          resolutionUs,
        ).length;
      }
    };
    const month = [EPOCH_US, EPOCH_US + DAYS * DAY_US] as const;
    const time = (name: string, work: () => void) => {
      const first = process.threadCpuUsage();
      work();
      const firstUsage = process.threadCpuUsage(first);
      const firstMs = (firstUsage.user + firstUsage.system) / 1000;
      // Others share the machine: processor time, of turns enough for its clock.
      const start = process.threadCpuUsage();
      for (let turn = 0; turn < TURNS; turn++) work();
      const { user, system } = process.threadCpuUsage(start);
      const ms = (user + system) / 1000 / TURNS;
      const figures = `${ms.toFixed(2).padStart(7)} ms, the first ${firstMs.toFixed(2)} ms`;
      console.log(`  ${name.padEnd(40)} ${figures}, ${spans} spans`);
    };
    time('a month, gaps of a second', () => timeline(...month, 1e6));
    time('a month, gaps of an hour', () => timeline(...month, 3.6e9));
    time('an odd week', () => timeline(month[0] + 3.3 * DAY_US, month[0] + 10.4 * DAY_US, 1e6));
    time('an hour', () => timeline(month[0] + 3.6e9, month[0] + 7.2e9, 1e6));
    await index.evict(EPOCH_US + DAY_US / 3);
    time('a month after an eviction', () => timeline(...month, 1e6));
    await index.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) await run();
