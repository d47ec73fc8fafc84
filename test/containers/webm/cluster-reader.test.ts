import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { MemoryFile } from '../../../fuzz/memory-file.ts';
import { OpusConfiguration } from '../../../src/codecs/opus/configuration.ts';
import { trackFormat } from '../../../src/containers/track-format.ts';
import { writeChunk } from '../../../src/containers/webm/cluster.ts';
import { readChunks } from '../../../src/containers/webm/cluster-reader.ts';
import { webm } from '../../../src/containers/webm/container.ts';
import type { ByteSource } from '../../../src/files/byte-source.ts';
import type { TrackKind } from '../../../src/media/access-unit.ts';
import type { Sample } from '../../../src/media/sample.ts';
import { requireFfmpeg, runTool } from '../../media/tool.ts';

const START = Date.UTC(2026, 10, 28);
const SPAN = { startTime: START, endTime: START, startUs: START * 1000, endUs: START * 1000 };
const HEAD = webm.head(SPAN, { initialization: 'init.webm', period: 'p1' });

function chunk(kind: TrackKind, from: number, count: number, keyframes: number[]): Buffer {
  const samples = Array.from(
    { length: count },
    (_, i): Sample => ({
      time: from + i * 33,
      duration: 33,
      keyframe: keyframes.includes(i),
      parts: [Buffer.alloc(1 + (i % 7), i)],
    }),
  );
  const written = writeChunk({ kind, isLengthPrefixed: false, sequenceNumber: 1, samples });
  return Buffer.concat(written.buffers);
}

const read = (bytes: Buffer) => readChunks(new MemoryFile(bytes), bytes.length);

t.test('keyframes anywhere, and sound, which has none', async (t) => {
  const bytes = Buffer.concat([
    HEAD,
    chunk('video', START, 4, [1, 3]),
    chunk('video', START + 132, 1, []),
    chunk('audio', START, 3, [0, 1, 2]),
  ]);
  const { chunks, problem } = await read(bytes);
  t.equal(problem, undefined);
  t.match(chunks, [
    { keyframes: [1, 3], keyframeTimes: [START + 33, START + 99] },
    { startTime: START + 132, duration: 33, keyframes: [] },
    { keyframes: [], keyframeTimes: [] },
  ]);
});

t.test('of a cluster only what comes before its blocks is read', async (t) => {
  const payload = { time: START, duration: 1000, keyframe: true, parts: [Buffer.alloc(1 << 20)] };
  const { buffers } = writeChunk({
    ...{ kind: 'video', isLengthPrefixed: false, sequenceNumber: 1 },
    samples: [payload],
  });
  // The table of the second is longer than what is read ahead.
  const bytes = Buffer.concat([HEAD, ...buffers, chunk('video', START, 900, [0]), ...buffers]);
  const file = new MemoryFile(bytes);
  let bytesAsked = 0;
  const source: ByteSource = {
    read(buffer, offset, length, position) {
      bytesAsked += length;
      return file.read(buffer, offset, length, position);
    },
  };
  const { chunks, problem } = await readChunks(source, bytes.length);
  t.equal(problem, undefined);
  t.same(
    chunks.map(({ sampleCount }) => sampleCount),
    [1, 900, 1],
  );
  t.ok(bytesAsked < 65_536, `${bytesAsked} bytes asked for of ${bytes.length}`);
});

t.test('an initialization segment before it is passed over', async (t) => {
  const initialization = webm.initialization(trackFormat(webm, new OpusConfiguration(2)));
  const bytes = Buffer.concat([initialization, HEAD, chunk('audio', START, 3, [])]);
  const { chunks, problem, validLength } = await read(bytes);
  t.equal(problem, undefined);
  t.equal(chunks.length, 1);
  t.equal(validLength, bytes.length);
});

t.test('damage ends the walk before the cluster that has it', async (t) => {
  const first = Buffer.concat([HEAD, chunk('video', START, 2, [0])]);
  const second = chunk('video', START + 66, 2, [0]);
  /** The second cluster with some of its bytes changed. */
  const changed = (at: number, hex: string) => {
    const bytes = Buffer.from(second);
    Buffer.from(hex, 'hex').copy(bytes, at);
    return bytes;
  };
  const cases: [string, Buffer][] = [
    ['another element', Buffer.from('1c53bb6b80', 'hex')],
    ['no element', Buffer.alloc(20)],
    ['an ID of five bytes', Buffer.from('0800000000ff', 'hex')],
    ['a size of nine bytes', Buffer.from('a300', 'hex')],
    ['a size beyond 2^53', Buffer.from('a301ff00000000000000', 'hex')],
    ['a few bytes of a header', Buffer.from('1f43', 'hex')],
    ['of unknown size', changed(4, '01ffffffffffffff')],
    ['longer than the file', changed(11, 'ff')],
    ['another size', changed(11, '10')],
    ['no Timestamp', changed(12, 'a3')],
    ['a short Timestamp', changed(13, '84')],
    ['a time beyond 2^53', changed(14, 'ff')],
    ['no table', changed(22, 'a3')],
    ['a table of unknown size', changed(23, '1fffffff')],
    ['a table longer than the cluster', changed(23, '100000ff')],
    ['a table of a part of a sample', changed(23, '10000015')],
    ['an empty table', changed(23, '10000004')],
    ['a Void of others', changed(27, '00')],
    ['an unknown track', changed(30, '03')],
    ['another sample size', changed(34, '20')],
    ['a last sample that is a keyframe after all', changed(43, '80')],
  ];
  for (const [what, damaged] of cases) {
    const bytes = Buffer.concat([first, damaged]);
    const { chunks, validLength, problem } = await read(bytes);
    t.equal(chunks.length, 1, what);
    t.equal(validLength, first.length);
    t.type(problem, 'string');
  }
});

t.test('a file of another writer has no cluster of ours', async (t) => {
  if (!requireFfmpeg(t)) return;
  const path = join(t.testdir(), 'other.webm');
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=30:duration=1'];
  await runTool('ffmpeg', ['-v', 'error', ...source, '-c:v', 'libvpx', path]);
  const { chunks, problem } = await read(await readFile(path));
  t.same(chunks, []);
  t.type(problem, 'string');
});
