import { OpusConfiguration } from '../../src/codecs/opus/configuration.ts';
import type { ChunkFacts } from '../../src/containers/chunk-facts.ts';
import { writeChunk } from '../../src/containers/mp4/chunk.ts';
import { readChunks } from '../../src/containers/mp4/chunk-reader.ts';
import { mp4 } from '../../src/containers/mp4/container.ts';
import { initializationSegment } from '../../src/containers/mp4/initialization-segment.ts';
import { readInitializationSegment } from '../../src/containers/mp4/initialization-segment-reader.ts';
import {
  readReferenceTimes,
  writeReferenceTimes,
} from '../../src/containers/mp4/reference-time.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import type { Sample } from '../../src/media/sample.ts';
import { Decisions } from '../decisions.ts';
import { MemoryFile } from '../memory-file.ts';
import { checkWalk } from '../segment-walk.ts';
import { type FuzzTarget, must } from '../target.ts';

const opus = initializationSegment(trackFormat(mp4, new OpusConfiguration(2)));

/** A segment file or an initialization segment as it is, then chunks that are written and read back. */
export const target: FuzzTarget = {
  covers: [
    'src/containers/mp4/box.ts',
    'src/containers/mp4/chunk-reader.ts',
    'src/containers/mp4/initialization-segment-reader.ts',
    'src/containers/mp4/reference-time.ts',
    'src/containers/mp4/chunk.ts',
  ],
  maxBytes: 256 * 1024,
  dictionary: [
    'moof',
    'traf',
    'tfhd',
    'tfdt',
    'trun',
    'mdat',
    'moov',
    'trak',
    'mdia',
    'mdhd',
    'stsd',
    'avc1',
    'avcC',
    'Opus',
    'free',
    'prft',
    '\0\0\0\x08moov',
  ],
  seeds: () => [
    opus,
    Buffer.concat([
      writeReferenceTimes({ startTime: 90_000, endTime: 93_000, startUs: 1e6, endUs: 2e6 }),
      chunkOf('video', [sample(1e14, 3000, true, 5), sample(1e14 + 3000, 3000, false, 3)]),
      chunkOf('audio', [sample(1e14, 960, true, 5)]),
    ]),
    chunkOf('video', [sample(5, 3000, false, 5), sample(3005, 3000, true, 3)]),
    Buffer.from('0102030405060708090a0b0c0d0e0f', 'hex'),
  ],
  async run(input) {
    await checkWalk(input, read, checkFound);
    readInitializationSegment(input);
    readReferenceTimes(input, 90_000);
    await checkRoundTrip(new Decisions(input));
  },
};

function sample(time: number, duration: number, keyframe: boolean, bytes: number): Sample {
  return { time, duration, keyframe, parts: [Buffer.alloc(bytes, 1)] };
}

function chunkOf(kind: 'video' | 'audio', samples: Sample[]): Buffer {
  const isLengthPrefixed = kind === 'video';
  return Buffer.concat(writeChunk({ kind, isLengthPrefixed, sequenceNumber: 1, samples }).buffers);
}

async function read(bytes: Buffer) {
  return readChunks(new MemoryFile(bytes), bytes.length);
}

function checkFound(chunk: ChunkFacts): void {
  must(chunk.sampleCount > 0 && chunk.sampleCount * 8 <= chunk.byteLength, 'samples are counted');
  must(Number.isSafeInteger(chunk.startTime + chunk.duration), 'times are whole');
}

async function checkRoundTrip(decisions: Decisions): Promise<void> {
  const written: Sample[][] = [];
  const files: Buffer[] = [];
  let time = decisions.size();
  const kind = (decisions.byte() & 1) === 0 ? ('video' as const) : ('audio' as const);
  for (let chunks = decisions.byte() & 7; chunks >= 0; chunks--) {
    const samples: Sample[] = [];
    for (let count = decisions.byte() & 15; count >= 0; count--) {
      const duration = decisions.size() % 2 ** 32;
      const parts = Array.from({ length: decisions.byte() & 3 }, () => decisions.block());
      const how = decisions.byte();
      const sample: Sample = { time, duration, keyframe: (how & 3) === 0, parts };
      if ((how & 4) !== 0)
        sample.compositionOffset = (decisions.size() % 2 ** 31) * (how & 8 ? -1 : 1);
      samples.push(sample);
      time += duration;
    }
    if (time > Number.MAX_SAFE_INTEGER) break;
    files.push(chunkOf(kind, samples));
    written.push(samples);
  }
  const bytes = Buffer.concat(files);
  const { chunks, validLength } = await read(bytes);
  must(validLength === bytes.length, 'what was written is valid');
  must(chunks.length === written.length, 'each chunk is found');
  for (const [index, samples] of written.entries()) checkChunk(chunks[index]!, samples);
  // Cut anywhere, what is left is the chunks before.
  const cut = decisions.word() % (bytes.length + 1);
  const { chunks: left } = await read(bytes.subarray(0, cut));
  const whole = chunks.filter(({ offset, byteLength }) => offset + byteLength <= cut);
  must(left.length === whole.length, 'a chunk that is cut short is not read');
}

function checkChunk(chunk: ChunkFacts, samples: readonly Sample[]): void {
  must(chunk.startTime === samples[0]!.time, 'the start is read back');
  must(chunk.sampleCount === samples.length, 'the samples are counted');
  const duration = samples.reduce((sum, one) => sum + one.duration, 0);
  must(chunk.duration === duration, 'the duration is read back');
  for (const [i, { compositionOffset = 0 }] of samples.entries()) {
    const offset = chunk.compositionOffsets?.[i] ?? 0;
    must(offset === compositionOffset, 'when a picture is shown is read back');
  }
}
