import { open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import { writeChunk } from '../../../src/containers/mp4/chunk.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../../src/containers/mp4/initialization-segment.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import type { Sample } from '../../../src/media/sample.ts';
import {
  audioSamples,
  decodedFrames,
  encodeH264,
  encodeOpus,
  probe,
  requireFfmpeg,
  segment,
  videoSamples,
} from './encoded-media.ts';

const DAY_SECONDS = Date.UTC(2025, 6, 24) / 1000;
const VIDEO_START = DAY_SECONDS * 90_000 + 1234;
const AUDIO_START = DAY_SECONDS * 48_000 + 567;

t.test('video: every frame decodes to the picture that was encoded, at its time', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const folder = t.testdir();
  const { file, units } = await encodeH264(folder, {
    width: 322,
    height: 182,
    frames: 90,
    keyframeInterval: 45,
  });
  const sets = new H264ParameterSets();
  const samples = videoSamples(units, VIDEO_START, sets);
  const initialization = initializationSegment(trackFormat(mp4, sets.current()!));
  const path = join(folder, 'video.mp4');
  // Keyframes at 0 and 45: one begins a chunk, the other lies within one.
  const segments = [
    segment('video', samples.slice(0, 60), 30),
    segment('video', samples.slice(60), 30),
  ];
  await writeFile(path, Buffer.concat([initialization, ...segments]));

  const { stream, packets } = await probe(path);
  t.match(stream, {
    codec_name: 'h264',
    codec_tag_string: 'avc1',
    width: 322,
    height: 182,
    time_base: '1/90000',
    start_pts: VIDEO_START,
  });
  t.same(
    packets.map(({ pts, duration }) => [pts, duration]),
    samples.map(({ time, duration }) => [time, duration]),
  );
  t.same(
    packets.map(({ size }) => size),
    samples.map(({ parts }) => parts.reduce((sum, part) => sum + 4 + part.length, 0)),
  );
  t.same(
    packets.flatMap(({ flags }, i) => (flags.startsWith('K') ? [i] : [])),
    [0, 45],
    'keyframes are marked where they are',
  );
  const hashes = await decodedFrames(path);
  t.equal(hashes.length, 90);
  t.same(hashes, await decodedFrames(file));

  // A later segment plays by itself, as a player fetches it after a seek.
  const alone = join(folder, 'later.mp4');
  const fromKeyframe = segment('video', samples.slice(45), 30);
  await writeFile(alone, Buffer.concat([initialization, fromKeyframe]));
  t.same(await decodedFrames(alone), hashes.slice(45));
});

for (const channels of [1, 2] as const) {
  t.test(`audio with ${channels} channel(s): every packet, at its time`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    const folder = t.testdir();
    const { packets: encoded } = await encodeOpus(folder, { channels, packets: 150 });
    const samples = audioSamples(encoded, AUDIO_START);
    const path = join(folder, 'audio.mp4');
    const initialization = initializationSegment(trackFormat(mp4, new OpusConfiguration(channels)));
    await writeFile(path, Buffer.concat([initialization, segment('audio', samples, 50)]));

    const { stream, packets } = await probe(path);
    t.match(stream, {
      codec_name: 'opus',
      sample_rate: '48000',
      channels,
      time_base: '1/48000',
      start_pts: AUDIO_START,
    });
    // Without durations: ffprobe 5.1 leaves them out for any Opus in fragments.
    t.same(
      packets.map(({ pts, size }) => [pts, size]),
      samples.map(({ time, parts }) => [time, parts[0]!.length]),
    );
    t.ok(
      packets.every(({ flags }) => flags.startsWith('K')),
      'any packet is a place to start from',
    );
    t.equal((await decodedFrames(path)).length, 150, 'nothing is skipped at the start');
  });
}

t.test('payload is not copied', async (t) => {
  const parts = [Buffer.from([0x65, 1, 2]), Buffer.from([0x65, 3])];
  const sample: Sample = { time: 0, duration: 3000, keyframe: true, parts };
  const chunk = writeChunk({
    kind: 'video',
    isLengthPrefixed: true,
    sequenceNumber: 1,
    samples: [sample],
  });
  t.ok(parts.every((part) => chunk.buffers.includes(part)));
  t.equal(chunk.byteLength, Buffer.concat(chunk.buffers).length);
});

t.test('pictures that are shown in another order than they are decoded in', async (t) => {
  const sample: Sample = { time: 90_000, duration: 3000, keyframe: true, parts: [] };
  const bytesOf = (...offsets: (number | undefined)[]) => {
    const samples = offsets.map((offset, i) => ({
      ...sample,
      time: 90_000 + i * 3000,
      keyframe: i === 0,
      ...(offset !== undefined && { compositionOffset: offset }),
    }));
    const { buffers } = writeChunk({
      kind: 'video',
      isLengthPrefixed: true,
      sequenceNumber: 1,
      samples,
    });
    return Buffer.concat(buffers);
  };
  const run = (bytes: Buffer) =>
    bytes.toString('hex', bytes.indexOf('trun') + 4, bytes.indexOf('mdat') - 4);
  const plain = bytesOf(undefined, undefined);
  t.same(bytesOf(0, 0), plain, 'without any the bytes are what they always were');
  t.match(run(plain), /^00000305/);
  t.equal(
    run(bytesOf(3000, 9000)),
    `00000b05${'00000002'}0000008002000000${'00000bb8'}00000000${'00000bb8'}${'00000bb8'}00000000${'00002328'}`,
  );
  t.match(run(bytesOf(0, -3000)), /^01000b05.*fffff448$/, 'signed ones are of version 1');
  for (const offset of [2 ** 31, -(2 ** 31), Number.NaN]) {
    t.throws(() => bytesOf(offset), RangeError, `${offset}`);
  }
});

t.test('the base time can be patched', async (t) => {
  const samples = audioSamples([Buffer.from([0xf8, 0xff, 0xfe])], AUDIO_START);
  const options = { kind: 'audio', isLengthPrefixed: false, sequenceNumber: 7 } as const;
  const chunk = writeChunk({ ...options, samples });
  const bytes = Buffer.concat(chunk.buffers);
  t.equal(Number(bytes.readBigUInt64BE(chunk.baseTimeOffset)), AUDIO_START);
  bytes.writeBigUInt64BE(BigInt(AUDIO_START + 960), chunk.baseTimeOffset);
  const later = samples.map((sample) => ({ ...sample, time: sample.time + 960 }));
  t.same(bytes, Buffer.concat(writeChunk({ ...options, samples: later }).buffers));
});

t.test('a sample of many parts reaches the file whole', async (t) => {
  // More entries than one writev takes on Linux (1024).
  const parts = Array.from({ length: 3000 }, (_, i) => Buffer.from([0x41, i >> 8, i & 0xff]));
  const samples = [{ time: 0, duration: 3000, keyframe: true, parts }];
  const chunk = writeChunk({ kind: 'video', isLengthPrefixed: true, sequenceNumber: 1, samples });
  const path = join(t.testdir(), 'many');
  const handle = await open(path, 'w');
  const { bytesWritten } = await handle.writev(chunk.buffers);
  await handle.close();
  t.equal(bytesWritten, chunk.byteLength);
  t.equal((await stat(path)).size, chunk.byteLength);
});

t.test('what the boxes cannot hold is refused', async (t) => {
  const sample: Sample = { time: 0, duration: 1, keyframe: true, parts: [] };
  const write = (samples: Sample[]) =>
    writeChunk({ kind: 'video', isLengthPrefixed: true, sequenceNumber: 1, samples });
  t.throws(() => write([]), RangeError);
  for (const time of [-1, 0.5, 2 ** 53, Number.NaN]) {
    t.throws(() => write([{ ...sample, time }]), RangeError, `time ${time}`);
  }
  for (const duration of [-1, 2 ** 32, Number.NaN]) {
    t.throws(() => write([{ ...sample, duration }]), RangeError, `duration ${duration}`);
  }
  t.doesNotThrow(() => write([{ ...sample, time: 2 ** 53 - 1, duration: 2 ** 32 - 1 }]));
  // The same buffer over and over stands for 4 GiB without taking it.
  const mebibyte = Buffer.alloc(2 ** 20);
  const parts = new Array<Buffer>(4096).fill(mebibyte);
  t.throws(() => write([{ ...sample, parts }]), RangeError, '4 GiB');
});
