import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { planExport } from '../src/export/plan-export.ts';
import { Presentations } from '../src/playback/presentations.ts';
import { recordedObjects } from '../src/playback/recorded-objects.ts';
import { Recording } from '../src/recording/recording.ts';
import { StreamClock } from '../src/recording/stream-clock.ts';
import type { MediaSection } from '../src/rtp/media-section.ts';
import { SegmentIndex } from '../src/segment-index/segment-index.ts';
import { audioPackets, videoFrames } from '../test/publisher/clip.ts';

const SECONDS = 7200;
/** Bytes a second of video: 2.5 Mbit/s. */
const VIDEO_BYTES = 312_500;
const START_US = Date.UTC(2026, 2, 4, 12) * 1000;
const ROUNDS = 3;
/** How often memory is looked at, ms. */
const LOOK_MS = 5;

/**
 * Prints how fast two hours of 2.5 Mbit/s are exported as MP4, from the call to the last byte, and what memory
 * that takes at most beyond what the process had before: read as a job does, and sent to a client. Each is a
 * process of its own that has exported half a minute before.
 */
export async function run(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'bench-export-'));
  try {
    const index = await openIndex(root);
    await record(root, index);
    await index.close();
    for (const way of ['read', 'sent'] as const) {
      console.log(`  ${way === 'read' ? 'read as a job does' : 'sent over HTTP'}`);
      const child = fork(import.meta.filename, [way, root]);
      if (way === 'sent') await fetchAll(child);
      await once(child, 'exit');
    }
  } finally {
    await rm(root, { recursive: true });
  }
}

function openIndex(root: string): Promise<SegmentIndex> {
  const log = { warn() {}, info() {}, error() {} };
  return SegmentIndex.open({ journalPath: join(root, 'index.journal'), nodeAlias: 'bench', log });
}

/** Downloads what a child sends, as often as it does. */
async function fetchAll(child: ChildProcess): Promise<void> {
  const [port] = await once(child, 'message');
  for (let round = 0; round <= ROUNDS; round++) {
    const reply = await fetch(`http://127.0.0.1:${port}/`);
    for await (const _ of reply.body!);
  }
}

/** Exports once more than there are rounds, the first time only a little. */
async function measure(way: string, root: string): Promise<void> {
  const index = await openIndex(root);
  const objects = recordedObjects({ root }, { liveManifest: async () => undefined });
  const sources = { index, objects, presentations: new Presentations(objects) };
  const plan = (seconds: number) => {
    const range = { startUs: START_US + 1_234_567, endUs: START_US + seconds * 1e6 };
    return planExport(sources, { stream: 'cam1', ...range, gaps: 'cut', container: 'mp4' });
  };
  const server = createServer();
  if (way === 'sent') {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    process.send!((server.address() as AddressInfo).port);
  }
  for (let round = 0; round <= ROUNDS; round++) {
    const [, reply] = way === 'sent' ? await once(server, 'request') : [];
    const before = process.memoryUsage.rss();
    let most = before;
    const look = () => {
      most = Math.max(most, process.memoryUsage.rss());
    };
    const looking = setInterval(look, LOOK_MS);
    const cpu = process.cpuUsage();
    const start = performance.now();
    const { file } = await plan(round === 0 ? 30 : SECONDS);
    const plannedMs = performance.now() - start;
    look();
    if (reply !== undefined) await pipeline(file.open(), reply);
    else for await (const _ of file.chunks()) look();
    const seconds = (performance.now() - start) / 1000;
    clearInterval(looking);
    if (round === 0) continue;
    const { user, system } = process.cpuUsage(cpu);
    const megabytes = (value: number) => (value / 1e6).toFixed(0);
    console.log(
      `  ${megabytes(file.size)} MB in ${seconds.toFixed(1)} s (${megabytes(file.size / seconds)} MB/s), ` +
        `the first of them after ${(plannedMs / 1000).toFixed(2)} s, ` +
        `${((user + system) / 1e6).toFixed(1)} s of CPU, memory +${megabytes(most - before)} MB, ` +
        `${megabytes(file.madeBytes)} MB of it made for the file`,
    );
  }
  server.close();
  await index.close();
  process.disconnect?.();
}

/** Records two hours of one stream under a simulated clock. */
async function record(root: string, index: SegmentIndex): Promise<void> {
  const frames = videoFrames('flash-and-beep.h264');
  const sound = audioPackets();
  const filler = Buffer.concat([Buffer.from([6]), Buffer.alloc(VIDEO_BYTES / 30, 7)]);
  let nowUs = START_US;
  const listed: Promise<number>[] = [];
  const recording = new Recording({
    stream: 'cam1',
    root,
    baseFolder: '',
    segmentSeconds: 10,
    maxRecordingSeconds: 0,
    after: Promise.resolve(),
    clock: new StreamClock(),
    notBefore: 0,
    now: () => nowUs,
    nextRecordId: () => '1772625600',
    onFact: (fact) => {
      if (fact.type === 'segment') listed.push(index.add(fact.segment));
    },
    log: { info() {}, warn() {}, error() {} },
  });
  recording.attach([section('video'), section('audio')], () => {});
  for (let step = 0; step < SECONDS * 50; step++) {
    nowUs = START_US + step * 20_000;
    const unit = { arrivalUs: nowUs, discontinuity: false };
    const frame = Math.floor(step * 0.6);
    if (frame !== Math.floor((step - 1) * 0.6)) {
      const { keyframe, units } = frames[frame % frames.length]!;
      // The fixture's pictures are small; an SEI of the right size makes up for it.
      const parts = [...units.slice(0, -1), filler, units.at(-1)!];
      const rtpTimestamp = (frame * 3000) % 2 ** 32;
      recording.accept('video', { ...unit, codec: 'h264', rtpTimestamp, keyframe, parts });
    }
    const parts = [sound[step % sound.length]!];
    const rtpTimestamp = step * 960;
    recording.accept('audio', { ...unit, codec: 'opus', rtpTimestamp, keyframe: true, parts });
    if (step % 50 === 0) {
      recording.tick();
      await recording.written();
    }
  }
  await recording.close();
  await Promise.all(listed);
}

function section(kind: 'video' | 'audio'): MediaSection {
  return {
    mid: kind,
    kind,
    formats: [
      {
        payloadType: 96,
        codec: kind === 'video' ? 'h264' : 'opus',
        clockRate: kind === 'video' ? 90_000 : 48_000,
        parameters: {},
      },
    ],
    extensions: {},
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: { nack: true, pli: true, fir: false, transportCc: true, remb: false },
  };
}

if (process.argv[2] === 'read' || process.argv[2] === 'sent') {
  await measure(process.argv[2], process.argv[3]!);
} else if (import.meta.main) await run();
