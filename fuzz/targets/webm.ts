import { OpusConfiguration } from '../../src/codecs/opus/configuration.ts';
import type { ChunkFacts } from '../../src/containers/chunk-facts.ts';
import { trackFormat } from '../../src/containers/track-format.ts';
import { webm } from '../../src/containers/webm/container.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import type { Sample } from '../../src/media/sample.ts';
import { Decisions } from '../decisions.ts';
import { MemoryFile } from '../memory-file.ts';
import { checkWalk } from '../segment-walk.ts';
import { type FuzzTarget, must } from '../target.ts';

const SPAN = { startTime: 90_000, endTime: 93_000, startUs: 1e6, endUs: 2e6 };
const HEAD = webm.head(SPAN, { initialization: 'init.webm', period: 'p1' });

/** A segment file or an initialization segment as it is, then chunks that are written and read back. */
export const target: FuzzTarget = {
  covers: ['src/containers/webm', 'src/files/read-ahead.ts'],
  maxBytes: 256 * 1024,
  dictionary: [
    '\x1fC\xb6u',
    '\x18S\x80g',
    '\x1aE\xdf\xa3',
    '\xe7\x88',
    '\xec',
    'run\x01',
    'time',
    'from',
  ],
  seeds: () => [
    webm.initialization(trackFormat(webm, new OpusConfiguration(2))),
    Buffer.concat([
      HEAD,
      chunkOf('video', [sample(1e12, 33, true, 5), sample(1e12 + 33, 34, false, 3)]),
      chunkOf('audio', [sample(1e12, 20, true, 5)]),
    ]),
    chunkOf('video', [sample(5, 33, false, 5), sample(38, 33, true, 3)]),
  ],
  async run(input) {
    await checkWalk(input, read, checkFound);
    webm.readInitialization(input);
    webm.readHead(input, 1000);
    await checkRoundTrip(new Decisions(input));
  },
};

function sample(time: number, duration: number, keyframe: boolean, bytes: number): Sample {
  return { time, duration, keyframe, parts: [Buffer.alloc(bytes, 1)] };
}

function chunkOf(kind: TrackKind, samples: Sample[]): Buffer {
  const options = { kind, isLengthPrefixed: false, sequenceNumber: 1, samples };
  return Buffer.concat(webm.chunk(options).buffers);
}

function read(bytes: Buffer) {
  return webm.readChunks(new MemoryFile(bytes), bytes.length);
}

function checkFound(chunk: ChunkFacts): void {
  const end = chunk.offset + chunk.byteLength;
  const last = chunk.sampleCount - 1;
  must(chunk.sampleOffsets[last]! + chunk.sampleSizes[last]! < end, 'samples are in their chunk');
  must(Number.isSafeInteger(chunk.duration), 'times are whole');
}

async function checkRoundTrip(decisions: Decisions): Promise<void> {
  const written: Sample[][] = [];
  const files: Buffer[] = [HEAD];
  let time = decisions.size();
  const kind = (decisions.byte() & 1) === 0 ? ('video' as const) : ('audio' as const);
  for (let chunks = decisions.byte() & 7; chunks >= 0; chunks--) {
    const samples: Sample[] = [];
    for (let count = decisions.byte() & 15; count >= 0; count--) {
      // Blocks of one cluster lie within 32 s; what the last one lasts is not bound by that.
      const duration = decisions.size() % (count === 0 ? 2 ** 31 : 2000);
      const parts = Array.from({ length: decisions.byte() & 3 }, () => decisions.block());
      samples.push({ time, duration, keyframe: (decisions.byte() & 3) === 0, parts });
      time += duration;
    }
    if (time > Number.MAX_SAFE_INTEGER) break;
    files.push(chunkOf(kind, samples));
    written.push(samples);
  }
  const bytes = Buffer.concat(files);
  const { chunks, problem } = await read(bytes);
  must(problem === undefined, 'what was written is valid');
  must(chunks.length === written.length, 'each chunk is found');
  for (const [index, samples] of written.entries()) checkChunk(bytes, chunks[index]!, samples);
  // Cut anywhere, what is left is the chunks before.
  const cut = decisions.word() % (bytes.length + 1);
  const { chunks: left } = await read(bytes.subarray(0, cut));
  const whole = chunks.filter(({ offset, byteLength }) => offset + byteLength <= cut);
  must(left.length === whole.length, 'a chunk that is cut short is not read');
}

function checkChunk(bytes: Buffer, chunk: ChunkFacts, samples: readonly Sample[]): void {
  must(chunk.startTime === samples[0]!.time, 'the start is read back');
  must(chunk.sampleCount === samples.length, 'the samples are counted');
  const duration = samples.reduce((sum, one) => sum + one.duration, 0);
  must(chunk.duration === duration, 'the duration is read back');
  for (const [i, { parts }] of samples.entries()) {
    const at = chunk.sampleOffsets[i]!;
    const payload = bytes.subarray(at, at + chunk.sampleSizes[i]!);
    must(payload.equals(Buffer.concat(parts)), 'the payload is where the table says');
  }
}
