import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { H264ParameterSets } from '../../../src/codecs/h264/parameter-sets.ts';
import { writeChunk } from '../../../src/containers/mp4/chunk.ts';
import { readChunks } from '../../../src/containers/mp4/chunk-reader.ts';
import { mp4 } from '../../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../../src/containers/mp4/initialization-segment.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import type { Sample } from '../../../src/media/sample.ts';
import {
  decodedFrames,
  encodeH264,
  probe,
  requireFfmpeg,
  segment,
  videoSamples,
} from './encoded-media.ts';

const START = Math.floor(Date.UTC(2025, 6, 24) / 1000) * 90_000;

/** Pictures of 1 to 4 bytes, keyframes where asked for. */
function pictures(count: number, keyframes: number[]): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    time: START + i * 3000,
    duration: 3000,
    keyframe: keyframes.includes(i),
    parts: [Buffer.alloc(1 + (i % 4), i)],
  }));
}

/** Reads bytes by way of a real file. */
async function read(t: Test, bytes: Buffer, size = bytes.length) {
  const path = join(t.testdir(), 'segment.m4s');
  await writeFile(path, bytes);
  const handle = await open(path);
  try {
    return await readChunks(handle, size);
  } finally {
    await handle.close();
  }
}

t.test('says what each chunk holds', async (t) => {
  const bytes = segment('video', pictures(70, [0, 45]), 30);
  const { chunks, validLength } = await read(t, bytes);
  t.equal(validLength, bytes.length);
  t.match(chunks, [
    { offset: 0, startTime: START, duration: 90_000, sampleCount: 30, keyframeTimes: [START] },
    {
      startTime: START + 90_000,
      duration: 90_000,
      sampleCount: 30,
      keyframeTimes: [START + 45 * 3000],
    },
    { startTime: START + 180_000, duration: 30_000, sampleCount: 10, keyframeTimes: [] },
  ]);
  t.same(
    chunks.map(({ keyframes, sampleSizes }) => [keyframes, sampleSizes.slice(0, 4)]),
    [
      [[0], [5, 6, 7, 8]],
      [[15], [7, 8, 5, 6]],
      [[], [5, 6, 7, 8]],
    ],
  );
  for (const { sampleOffsets, sampleSizes } of chunks) {
    const [first] = sampleOffsets as [number];
    t.equal(bytes.toString('latin1', first - 4, first), 'mdat');
    let at = first;
    for (const [i, size] of sampleSizes.entries()) {
      t.equal(sampleOffsets[i], at);
      at += size;
    }
  }
  t.same(
    chunks.map(({ offset }) => offset),
    [0, chunks[0]!.byteLength, chunks[0]!.byteLength + chunks[1]!.byteLength],
  );
  for (const chunk of chunks) {
    t.equal(Number(bytes.readBigUInt64BE(chunk.baseTimeOffset)), chunk.startTime);
  }
});

t.test('tells when pictures are shown that are reordered', async (t) => {
  for (const offsets of [
    [6000, 12_000, 3000],
    [0, 6000, -3000],
  ]) {
    for (const keyframes of [[0], [0, 2], []]) {
      const samples = pictures(3, keyframes);
      const reordered = samples.map((sample, i) => ({ ...sample, compositionOffset: offsets[i]! }));
      const { chunks, problem } = await read(t, segment('video', reordered, 3));
      t.equal(problem, undefined);
      t.match(chunks, [{ compositionOffsets: offsets, sampleSizes: [5, 6, 7], keyframes }]);
    }
  }
  const { chunks } = await read(t, segment('video', pictures(3, [0]), 3));
  t.equal(chunks[0]!.compositionOffsets, undefined);
});

t.test('audio has no list of keyframes', async (t) => {
  const samples = pictures(50, []).map((sample) => ({ ...sample, keyframe: true }));
  const { chunks } = await read(t, segment('audio', samples, 25));
  t.match(chunks, [
    { sampleCount: 25, keyframeTimes: [] },
    { sampleCount: 25, keyframeTimes: [] },
  ]);
});

t.test('a moof that is longer than what is read at once', async (t) => {
  const bytes = segment('video', pictures(3000, [0]), 1500);
  const { chunks, validLength } = await read(t, bytes);
  t.equal(validLength, bytes.length);
  t.same(
    chunks.map(({ sampleCount }) => sampleCount),
    [1500, 1500],
  );
});

t.test('a file cut anywhere keeps its whole chunks', async (t) => {
  const bytes = segment('video', pictures(9, [0]), 3);
  const whole = await read(t, bytes);
  const ends = [0, ...whole.chunks.map(({ offset, byteLength }) => offset + byteLength)];
  const path = join(t.testdir(), 'cut.m4s');
  await writeFile(path, bytes);
  const handle = await open(path);
  for (let size = bytes.length; size >= 0; size--) {
    await truncate(path, size);
    const { chunks, validLength } = await readChunks(handle, size);
    const expected = ends.findLast((end) => end <= size);
    if (validLength !== expected || chunks.length !== ends.indexOf(expected)) {
      t.fail(`cut at ${size}: ${chunks.length} chunks, ${validLength} bytes`);
    }
  }
  await handle.close();
  t.equal(ends.length, 4);
});

t.test('a file that is shorter than the size given', async (t) => {
  const bytes = segment('video', pictures(6, [0]), 3);
  const cut = bytes.subarray(0, bytes.length / 2 + 40);
  const { chunks, validLength } = await read(t, cut, bytes.length);
  // The second moof is there in part only; its payload could not be seen anyway.
  t.equal(chunks.length, 1);
  t.equal(validLength, chunks[0]!.byteLength);
});

t.test('zeros at the end, as a power cut leaves them', async (t) => {
  const bytes = segment('video', pictures(6, [0]), 3);
  const { chunks, validLength, problem } = await read(
    t,
    Buffer.concat([bytes, Buffer.alloc(10_000)]),
  );
  t.equal(problem, 'there is no valid box header');
  t.equal(chunks.length, 2);
  t.equal(validLength, bytes.length);
});

t.test('damage never throws, and what is before it stays', async (t) => {
  const bytes = segment('video', pictures(12, [0, 5]), 3);
  const { chunks: whole } = await read(t, bytes);
  const second = whole[1]!.offset;
  const path = join(t.testdir(), 'damaged.m4s');
  await writeFile(path, bytes);
  const handle = await open(path, 'r+');
  // Each byte of the second chunk in turn takes values that break sizes, counts and types.
  for (let at = second; at < whole[2]!.offset; at++) {
    for (const value of [0x00, 0x01, 0x7f, 0xff]) {
      await handle.write(Buffer.from([value]), 0, 1, at);
      const { chunks, validLength } = await readChunks(handle, bytes.length);
      if (chunks.length < 1 || validLength < second || validLength > bytes.length) {
        t.fail(`byte ${at} set to ${value}: ${chunks.length} chunks, ${validLength} bytes`);
      }
    }
    await handle.write(bytes, at, 1, at);
  }
  t.equal((await readChunks(handle, bytes.length)).chunks.length, 4, 'whole again');
  await handle.close();
});

t.test('a count of samples that would fill memory is not believed', async (t) => {
  const bytes = segment('video', pictures(3, [0]), 3);
  const count = bytes.indexOf('trun') + 8;
  bytes.writeUInt32BE(0xffff_ffff, count);
  const problem = 'the boxes of a moof are damaged';
  t.same(await read(t, bytes), { chunks: [], validLength: 0, problem });
});

t.test('what is no segment at all', async (t) => {
  t.same(await read(t, Buffer.alloc(0)), { chunks: [], validLength: 0 }, 'empty');
  for (const [name, bytes] of Object.entries({
    text: Buffer.from('<?xml version="1.0"?><MPD/>'.repeat(1000)),
    'a box of size 0': Buffer.from('000000006d6f6f66', 'hex'),
    'a box that says 2^63 bytes': Buffer.from('000000016d6f6f668000000000000000', 'hex'),
  })) {
    t.match(await read(t, bytes), { chunks: [], validLength: 0, problem: /box/ }, name);
  }
});

t.test('the rest of a real file that was cut at 60 % plays', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  const folder = t.testdir();
  const encoded = { width: 320, height: 180, frames: 150, keyframeInterval: 150 };
  const { file, units } = await encodeH264(folder, encoded);
  const sets = new H264ParameterSets();
  const bytes = segment('video', videoSamples(units, START, sets), 30);
  const path = join(folder, 'cut.m4s');
  await writeFile(path, bytes.subarray(0, bytes.length * 0.6));
  const handle = await open(path, 'r+');
  const { chunks, validLength } = await readChunks(handle, Math.floor(bytes.length * 0.6));
  await handle.truncate(validLength);
  t.ok(chunks.length >= 2, 'one moof for all would keep nothing');

  // Moved by a second, as when the clock is known better after the fact.
  const base = Buffer.alloc(8);
  for (const { baseTimeOffset, startTime } of chunks) {
    base.writeBigUInt64BE(BigInt(startTime + 90_000));
    await handle.write(base, 0, 8, baseTimeOffset);
  }
  await handle.close();

  const initialization = initializationSegment(trackFormat(mp4, sets.current()!));
  const playable = join(folder, 'playable.mp4');
  await writeFile(playable, Buffer.concat([initialization, await readFile(path)]));
  const { stream, packets } = await probe(playable);
  t.equal(packets.length, chunks.length * 30);
  t.equal(stream.start_pts, START + 90_000);
  t.equal(packets.at(-1)!.pts, START + 90_000 + (packets.length - 1) * 3000);
  t.same(await decodedFrames(playable), (await decodedFrames(file)).slice(0, chunks.length * 30));
});

t.test('boxes before the first chunk are passed over', async (t) => {
  const samples = pictures(3, [0]);
  const styp = Buffer.from(
    '000000187374797069736f36000000006973 6f36636d6663'.replace(' ', ''),
    'hex',
  );
  const bytes = Buffer.concat([styp, segment('video', samples, 3)]);
  const { chunks, validLength } = await read(t, bytes);
  t.match(chunks, [{ offset: styp.length, sampleCount: 3 }]);
  t.equal(validLength, bytes.length);
  const { byteLength } = writeChunk({
    kind: 'video',
    isLengthPrefixed: true,
    sequenceNumber: 1,
    samples,
  });
  t.equal(chunks[0]!.byteLength, byteLength);
});
