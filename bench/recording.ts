import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Recording } from '../src/recording/recording.ts';
import { StreamClock } from '../src/recording/stream-clock.ts';
import type { MediaSection } from '../src/rtp/media-section.ts';
import { audioPackets, videoFrames } from '../test/publisher/clip.ts';

const STREAMS = 50;
const SECONDS = 60;
/** Bytes a second of video: 2.5 Mbit/s. */
const VIDEO_BYTES = 312_500;

/**
 * Prints the CPU that recording costs from access unit to file, for 50 streams of 2.5 Mbit/s under a
 * simulated clock, as a share of one core for each stream.
 */
export async function run(): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-recording-'));
  const frames = videoFrames('flash-and-beep.h264');
  const sound = audioPackets();
  const filler = Buffer.alloc(VIDEO_BYTES / 30);
  let nowUs = Date.UTC(2026, 2, 4, 12) * 1000;
  let segments = 0;
  const silent = { info() {}, warn() {}, error() {} };
  const recordings = Array.from({ length: STREAMS }, (_, i) => {
    const recording = new Recording({
      stream: `cam${i}`,
      root,
      baseFolder: '',
      segmentSeconds: 10,
      maxRecordingSeconds: 0,
      after: Promise.resolve(),
      clock: new StreamClock(),
      notBefore: 0,
      now: () => nowUs,
      nextRecordId: () => '1772625600',
      onFact: ({ type }) => {
        if (type === 'segment') segments++;
      },
      log: silent,
    });
    recording.attach([section('video'), section('audio')], () => {});
    return recording;
  });
  const before = process.cpuUsage();
  const startUs = nowUs;
  for (let step = 0; step < SECONDS * 50; step++) {
    nowUs = startUs + step * 20_000;
    const frame = Math.floor(step * 0.6);
    const isNewFrame = frame !== Math.floor((step - 1) * 0.6);
    const { keyframe, units } = frames[frame % frames.length]!;
    const arrivalUs = nowUs;
    for (const recording of recordings) {
      if (isNewFrame) {
        // The fixture's pictures are small; an SEI of the right size makes up for it.
        const parts = [
          ...units.slice(0, -1),
          Buffer.concat([Buffer.from([6]), filler]),
          units.at(-1)!,
        ];
        const rtpTimestamp = frame * 3000;
        recording.accept('video', {
          codec: 'h264',
          rtpTimestamp,
          arrivalUs,
          keyframe,
          discontinuity: false,
          parts,
        });
      }
      const parts = [sound[step % sound.length]!];
      const rtpTimestamp = step * 960;
      recording.accept('audio', {
        codec: 'opus',
        rtpTimestamp,
        arrivalUs,
        keyframe: true,
        discontinuity: false,
        parts,
      });
      if (step % 12 === 0) recording.tick();
    }
    if (step % 12 === 0) await Promise.all(recordings.map((recording) => recording.written()));
  }
  await Promise.all(recordings.map((recording) => recording.close()));
  const { user, system } = process.cpuUsage(before);
  const share = (us: number) => ((us / 1e6 / SECONDS / STREAMS) * 100).toFixed(3);
  process.stdout.write(
    `recording ${STREAMS} streams of 2.5 Mbit/s: ${share(user)} % of a core a stream in user, ` +
      `${share(system)} % in system (files on ${root}); ${segments} segments\n`,
  );
  rmSync(root, { recursive: true });
}

function section(kind: 'video' | 'audio'): MediaSection {
  return {
    mid: kind,
    kind,
    formats: [
      kind === 'video'
        ? { payloadType: 96, codec: 'h264', clockRate: 90_000, parameters: {} }
        : { payloadType: 111, codec: 'opus', clockRate: 48_000, channels: 2, parameters: {} },
    ],
    extensions: {},
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: { nack: true, pli: true, fir: false, transportCc: true, remb: false },
  };
}
