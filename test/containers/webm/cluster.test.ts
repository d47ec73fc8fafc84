import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import type { TrackFormat } from '../../../src/containers/container.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { writeChunk } from '../../../src/containers/webm/cluster.ts';
import { webm } from '../../../src/containers/webm/container.ts';
import type { TrackKind } from '../../../src/media/access-unit.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { encodeFrames } from '../../codecs/encoded-frames.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { decodedFrames, encodeOpus, probe } from '../mp4/encoded-media.ts';

const START = Date.UTC(2025, 6, 24) + 123;
const ORIGIN = { initialization: 'init.webm', period: 'p1' };

/** Samples at so many a second, their times rounded to ms as a track's are. */
function samplesOf(units: readonly Buffer[], aSecond: number, keyframes: number[]): Sample[] {
  const timeOf = (i: number) => START + Math.round((i * 1000) / aSecond);
  return units.map((unit, i) => ({
    time: timeOf(i),
    duration: timeOf(i + 1) - timeOf(i),
    keyframe: keyframes.length === 0 || keyframes.includes(i),
    // In two parts, as packets bring them.
    parts: [unit.subarray(0, 3), unit.subarray(3)],
  }));
}

/** A file of one segment, in chunks of so many samples. */
function fileOf(track: TrackFormat, samples: Sample[], samplesAChunk: number): Buffer {
  const { kind } = track;
  const times = { startTime: START, endTime: START, startUs: START * 1000, endUs: START * 1000 };
  const buffers = [webm.initialization(track), webm.head(times, ORIGIN)];
  for (let i = 0; i < samples.length; i += samplesAChunk) {
    buffers.push(...chunkOf(kind, samples.slice(i, i + samplesAChunk)).buffers);
  }
  return Buffer.concat(buffers);
}

function chunkOf(kind: TrackKind, samples: Sample[]) {
  return writeChunk({ kind, isLengthPrefixed: false, sequenceNumber: 1, samples });
}

t.test('VP8: every frame decodes to the picture that was encoded, at its time', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const size = { width: 322, height: 182 };
  const frames = await encodeFrames(folder, 'vp8', { ...size, frames: 90, keyframeInterval: 45 });
  const samples = samplesOf(frames, 30, [0, 45]);
  // Keyframes at 0 and 45: one begins a chunk, the other lies within one; and chunks of one sample, each
  // a keyframe or not.
  const path = join(folder, 'video.webm');
  const format: TrackFormat = {
    kind: 'video',
    timescale: 1000,
    sampleEntry: { type: 'V_VP8' },
    ...size,
  };
  const hashes = await decodedFrames(join(folder, 'vp8-322x182.ivf'));
  t.equal(hashes.length, 90);
  for (const samplesAChunk of [30, 1]) {
    await writeFile(path, fileOf(format, samples, samplesAChunk));
    const { stream, packets } = await probe(path);
    t.match(stream, { codec_name: 'vp8', ...size, time_base: '1/1000', start_pts: START });
    t.same(
      packets.map(({ pts, size }) => [pts, size]),
      samples.map(({ time, parts }) => [time, Buffer.concat(parts).length]),
    );
    t.equal(packets.at(samplesAChunk - 1)!.duration, samples.at(samplesAChunk - 1)!.duration);
    t.same(
      packets.flatMap(({ flags }, i) => (flags.startsWith('K') ? [i] : [])),
      [0, 45],
      'keyframes are marked where they are',
    );
    t.same(await decodedFrames(path), hashes);
  }
  // A later segment plays by itself, as a player fetches it after a seek.
  await writeFile(path, fileOf(format, samples.slice(45), 30));
  t.same(await decodedFrames(path), hashes.slice(45));
});

for (const channels of [1, 2] as const) {
  t.test(`Opus with ${channels} channel(s): every packet, at its time`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const folder = t.testdir();
    const { packets: encoded } = await encodeOpus(folder, { channels, packets: 130 });
    const samples = samplesOf(encoded, 50, []);
    const path = join(folder, 'audio.webm');
    const format = trackFormat(webm, new OpusConfiguration(channels));
    await writeFile(path, fileOf(format, samples, 50));
    const { stream, packets } = await probe(path);
    t.match(stream, { codec_name: 'opus', channels, sample_rate: '48000', start_pts: START });
    t.same(
      packets.map(({ pts, duration, size, flags }) => [pts, duration, size, flags[0]]),
      samples.map(({ time }, i) => [time, 20, encoded[i]!.length, 'K']),
    );
    t.equal((await decodedFrames(path)).length, 130);
  });
}

t.test('the bytes of a cluster', (t) => {
  const { buffers, baseTimeOffset } = chunkOf('video', [
    { time: 0x1_0000_0002, duration: 33, keyframe: true, parts: [Buffer.from('aabb', 'hex')] },
    { time: 0x1_0000_0023, duration: 34, keyframe: false, parts: [Buffer.from('cc', 'hex')] },
  ]);
  const bytes = Buffer.concat(buffers);
  const expected = [
    '1f43b675 0100000000000046', // Cluster
    'e7 88 0000000100000002', // Timestamp
    'ec 10000014 72756e01', // Void: the table
    '00000002 80000021',
    '00000001 00000022',
    'a3 10000006 81 0000 80 aabb', // SimpleBlock
    'a0 10000013 a1 10000005 81 0021 00 cc', // BlockGroup and Block
    '9b 84 00000022', // BlockDuration
    'fb 81 00', // ReferenceBlock
  ];
  t.equal(bytes.toString('hex'), expected.join('').replaceAll(' ', ''));
  t.equal(bytes.readBigUInt64BE(baseTimeOffset), 0x1_0000_0002n);
  t.end();
});

t.test('payload is not copied', (t) => {
  const parts = [Buffer.from('ab'), Buffer.from('c')];
  const { buffers } = chunkOf('audio', [{ time: 0, duration: 20, keyframe: true, parts }]);
  for (const part of parts) t.ok(buffers.includes(part));
  t.end();
});

t.test('what the elements cannot hold', (t) => {
  const sample = { time: 0, duration: 33, keyframe: true, parts: [Buffer.from('a')] };
  for (const wrong of [
    { time: -1 },
    { time: 0.5 },
    { time: 2 ** 53 },
    { duration: -1 },
    { duration: 33.3 },
    { duration: 2 ** 31 },
    { duration: Number.NaN },
    { compositionOffset: 1 },
    { parts: Array<Buffer>(3).fill(Buffer.alloc(100 << 20)) },
  ]) {
    t.throws(() => chunkOf('video', [{ ...sample, ...wrong }]), { name: 'RangeError' });
  }
  // Blocks count 16 bits with sign from the beginning of the cluster.
  const after = (duration: number) => [
    { ...sample, duration },
    { ...sample, time: duration },
  ];
  t.doesNotThrow(() => chunkOf('video', after(32_767)));
  t.throws(() => chunkOf('video', after(32_768)), { name: 'RangeError' });
  t.throws(
    () =>
      writeChunk({ kind: 'video', isLengthPrefixed: true, sequenceNumber: 1, samples: [sample] }),
    { name: 'RangeError' },
  );
  t.end();
});
