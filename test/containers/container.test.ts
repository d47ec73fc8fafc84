import t from 'tap';
import { MemoryFile } from '../../fuzz/memory-file.ts';
import { compositionDelayOf } from '../../src/containers/chunk-facts.ts';
import type { TrackFormat } from '../../src/containers/container.ts';
import { containerNamed, timescaleOf } from '../../src/containers/registry.ts';
import { CONTAINER_NAMES, type ContainerName } from '../../src/media/container-name.ts';
import type { Sample } from '../../src/media/sample.ts';

// What every container format keeps to, whatever its bytes: see `Container`.

/** A track that each of them can hold. */
const TRACKS: Record<ContainerName, Omit<TrackFormat, 'timescale'> & { codecs: string }> = {
  mp4: {
    kind: 'audio',
    codecs: 'opus',
    channels: 2,
    sampleEntry: {
      type: 'Opus',
      record: { type: 'dOps', data: Buffer.from('000200000000bb80000000', 'hex') },
    },
  },
  webm: {
    kind: 'audio',
    codecs: 'opus',
    channels: 2,
    sampleEntry: {
      type: 'A_OPUS',
      record: {
        type: 'OpusHead',
        data: Buffer.from('4f707573486561640102000080bb0000000000', 'hex'),
      },
    },
  },
};

/** 2026-11-28 in ticks. */
function day(timescale: number): number {
  return (Date.UTC(2026, 10, 28) / 1000) * timescale;
}

/** A second of samples from a time on, ticks. */
function second(from: number, timescale: number, mark: number): Sample[] {
  const duration = timescale / 10;
  return Array.from({ length: 10 }, (_, i) => ({
    time: from + i * duration,
    duration,
    keyframe: i === 0,
    parts: [Buffer.from([mark, i]), Buffer.alloc(20 + i, i)],
  }));
}

for (const name of CONTAINER_NAMES) {
  const container = containerNamed(name);
  const video = { kind: 'video', container: name } as const;
  const timescale = timescaleOf(video);
  const start = day(timescale);
  const origin = { initialization: 'init_12.x', period: 'p123' };
  const times = { startTime: start, endTime: start, startUs: 7, endUs: 7 };

  /** A file of two chunks: with its head, as it is written. */
  const file = () => {
    const chunks = [0, 1].map((i) =>
      container.chunk({
        kind: 'video',
        isLengthPrefixed: false,
        sequenceNumber: i + 1,
        samples: second(start + i * timescale, timescale, i),
      }),
    );
    for (const { buffers, byteLength } of chunks) {
      t.equal(Buffer.concat(buffers).length, byteLength);
    }
    const head = container.head(times, origin);
    t.equal(head.length, container.headBytes);
    return { head, chunks, bytes: Buffer.concat([head, ...chunks.flatMap((c) => c.buffers)]) };
  };
  const read = (bytes: Buffer) => container.readChunks(new MemoryFile(bytes), bytes.length);

  t.test(`${name}: a file reads back as it was written`, async (t) => {
    const { head, chunks, bytes } = file();
    const found = await read(bytes);
    t.equal(found.problem, undefined);
    t.equal(found.validLength, bytes.length);
    t.equal(found.chunks.length, 2);
    let offset = head.length;
    for (const [i, facts] of found.chunks.entries()) {
      const samples = second(start + i * timescale, timescale, i);
      t.match(facts, {
        offset,
        byteLength: chunks[i]!.byteLength,
        baseTimeOffset: offset + chunks[i]!.baseTimeOffset,
        startTime: start + i * timescale,
        duration: timescale,
        sampleCount: 10,
        keyframes: [0],
        keyframeTimes: [start + i * timescale],
      });
      t.equal(compositionDelayOf(facts), 0);
      for (const [j, { parts }] of samples.entries()) {
        const at = facts.sampleOffsets[j]!;
        t.same(bytes.subarray(at, at + facts.sampleSizes[j]!), Buffer.concat(parts));
      }
      offset += facts.byteLength;
    }
  });

  t.test(`${name}: a file that was cut keeps its whole chunks`, async (t) => {
    const { head, chunks, bytes } = file();
    const first = head.length + chunks[0]!.byteLength;
    for (const length of [bytes.length - 1, first + 1]) {
      const found = await read(bytes.subarray(0, length));
      t.equal(found.chunks.length, 1);
      t.equal(found.validLength, first);
      t.type(found.problem, 'string');
    }
    t.equal((await read(bytes.subarray(0, head.length))).chunks.length, 0);
  });

  t.test(`${name}: a base time is patched in place`, async (t) => {
    const { bytes } = file();
    const { chunks } = await read(bytes);
    for (const { startTime, baseTimeOffset } of chunks) {
      container.baseTime(startTime + 12_345).copy(bytes, baseTimeOffset);
    }
    const moved = await read(bytes);
    t.equal(moved.problem, undefined);
    t.same(
      moved.chunks,
      chunks.map((chunk) => ({
        ...chunk,
        startTime: chunk.startTime + 12_345,
        keyframeTimes: chunk.keyframeTimes.map((time) => time + 12_345),
      })),
    );
  });

  t.test(`${name}: the head says where and when, and takes other times`, async (t) => {
    const { head, bytes } = file();
    const us = Date.UTC(2026, 10, 28) * 1000;
    const span = {
      startTime: start,
      endTime: start + 2 * timescale,
      startUs: us + 1,
      endUs: us + 2_000_001,
    };
    t.same(container.readHead(head, timescale).origin, origin);
    const patch = container.headTimes(span);
    t.ok(patch.length <= head.length);
    patch.copy(bytes);
    const told = container.readHead(bytes.subarray(0, container.headBytes), timescale);
    t.same(told, { times: span, origin });
    t.equal((await read(bytes)).chunks.length, 2);
    t.same(container.readHead(Buffer.alloc(container.headBytes), timescale), {
      times: undefined,
      origin: undefined,
    });
    t.same(container.readHead(Buffer.alloc(0), timescale), { times: undefined, origin: undefined });
    t.throws(() => container.head(times, { initialization: 'x'.repeat(60), period: 'p1' }), {
      name: 'RangeError',
    });
  });

  t.test(`${name}: an initialization segment reads back`, (t) => {
    const { codecs, ...format } = TRACKS[name];
    const track = { ...format, timescale: timescaleOf({ kind: format.kind, container: name }) };
    const bytes = container.initialization(track);
    t.same(container.initialization(track), bytes, 'the same bytes for the same track');
    const { kind, channels } = track;
    t.match(container.readInitialization(bytes), {
      kind,
      codecs,
      timescale: track.timescale,
      channels,
    });
    for (let cut = 0; cut < bytes.length; cut += 7) {
      t.equal(container.readInitialization(bytes.subarray(0, cut)), undefined);
    }
    t.end();
  });

  t.test(`${name}: no chunk without a sample`, (t) => {
    const nothing = { kind: 'video', isLengthPrefixed: false, sequenceNumber: 1 } as const;
    t.throws(() => container.chunk({ ...nothing, samples: [] }), { name: 'RangeError' });
    t.end();
  });
}
