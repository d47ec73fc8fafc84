import { H264ParameterSets } from '../src/codecs/h264/parameter-sets.ts';
import { writeChunk } from '../src/containers/mp4/chunk.ts';
import { writeChunk as writeCluster } from '../src/containers/webm/cluster.ts';
import type { TrackKind } from '../src/media/access-unit.ts';
import type { Sample } from '../src/media/sample.ts';

const ROUNDS = 5;
const CHUNKS_A_ROUND = 2000;

/**
 * Prints what a sample costs in `writeChunk` of each container, for chunks of one second: µs a sample and the share of
 * one core that a stream takes. The best of some rounds, since others share the machine.
 */
export async function run(): Promise<void> {
  const video = secondOfVideo(1);
  const sliced = secondOfVideo(8);
  const audio = secondOfAudio();
  report('writeChunk, video, 30 samples', video.length, () => write('video', video));
  report('writeChunk, video, 30 samples of 8 slices', sliced.length, () => write('video', sliced));
  report('writeChunk, audio, 50 samples', audio.length, () => write('audio', audio));

  // Times are milliseconds there, which a duration of 33 is about right for.
  const pictures = video.map((one, i) => ({
    ...one,
    time: 1_753_315_200_000 + i * 33,
    duration: 33,
  }));
  report('writeChunk, WebM video, 30 samples', pictures.length, () => {
    writeCluster({ kind: 'video', isLengthPrefixed: false, sequenceNumber: 1, samples: pictures });
  });

  const sets = new H264ParameterSets();
  const keyframe = [
    Buffer.from('6742c01fda014016ec0440000003004000000f03c60ca8', 'hex'),
    Buffer.from('68ce3c80', 'hex'),
    Buffer.concat([Buffer.from('6588843a', 'hex'), Buffer.alloc(40_000, 0x55)]),
  ];
  const parts = [Buffer.alloc(10_000, 0x41)];
  report('H264ParameterSets.strip, repeated sets', 1, () => sets.strip(keyframe));
  report('H264ParameterSets.strip, none', 1, () => sets.strip(parts));
}

function write(kind: TrackKind, samples: Sample[]): void {
  writeChunk({ kind, isLengthPrefixed: kind === 'video', sequenceNumber: 1, samples });
}

function secondOfVideo(slices: number): Sample[] {
  return Array.from({ length: 30 }, (_, i) => ({
    time: 157_798_692_000_000 + i * 3000,
    duration: 3000,
    keyframe: i === 0,
    parts: Array.from({ length: slices }, () => Buffer.alloc(Math.floor(10_000 / slices), 0x41)),
  }));
}

function secondOfAudio(): Sample[] {
  return Array.from({ length: 50 }, (_, i) => ({
    time: 84_159_302_400_000 + i * 960,
    duration: 960,
    keyframe: true,
    parts: [Buffer.alloc(120, 0xfc)],
  }));
}

function report(name: string, samples: number, work: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < CHUNKS_A_ROUND; i++) work();
    best = Math.min(best, performance.now() - start);
  }
  const micros = (best * 1000) / CHUNKS_A_ROUND;
  const share = samples > 1 ? `, ${(micros / 1e4).toFixed(3)} % of a core a stream` : '';
  console.log(`${name}: ${(micros / samples).toFixed(2)} µs a sample${share}`);
}
