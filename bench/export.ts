import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/**
 * Prints how fast two hours of 2.5 Mbit/s are exported as MP4, from the call to the last byte, and what memory
 * that takes at most beyond what the process had before.
 */
export async function run(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'bench-export-'));
  const log = { warn() {}, info() {}, error() {} };
  const index = await SegmentIndex.open({
    journalPath: join(root, 'index.journal'),
    nodeAlias: 'bench',
    log,
  });
  try {
    await record(root, index);
    const objects = recordedObjects({ root }, { liveManifest: async () => undefined });
    const sources = { index, objects, presentations: new Presentations(objects) };
    const endUs = START_US + SECONDS * 1e6;
    const range = { stream: 'cam1', startUs: START_US + 1_234_567, endUs } as const;
    for (let round = 0; round < ROUNDS; round++) {
      global.gc?.();
      const before = process.memoryUsage.rss();
      let most = before;
      const cpu = process.cpuUsage();
      const start = performance.now();
      const { file } = await planExport(sources, { ...range, gaps: 'cut', container: 'mp4' });
      const plannedMs = performance.now() - start;
      let bytes = 0;
      for await (const data of file.open()) {
        bytes += data.length;
        most = Math.max(most, process.memoryUsage.rss());
      }
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const megabytes = (value: number) => (value / 1e6).toFixed(0);
      console.log(
        `  ${megabytes(bytes)} MB in ${seconds.toFixed(1)} s (${megabytes(bytes / seconds)} MB/s), ` +
          `the first of them after ${(plannedMs / 1000).toFixed(2)} s, ` +
          `${((user + system) / 1e6).toFixed(1)} s of CPU, memory +${megabytes(most - before)} MB`,
      );
    }
  } finally {
    await index.close();
    await rm(root, { recursive: true });
  }
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

if (import.meta.main) await run();
