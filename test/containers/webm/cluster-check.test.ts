import t from 'tap';
import { MemoryFile } from '../../../fuzz/memory-file.ts';
import { writeChunk } from '../../../src/containers/webm/cluster.ts';
import { clusterProblem } from '../../../src/containers/webm/cluster-check.ts';
import { readChunks } from '../../../src/containers/webm/cluster-reader.ts';

const START = Date.UTC(2026, 10, 28);

t.test('every byte that is not of a sample is compared with the sample table', async (t) => {
  const samples = Array.from({ length: 4 }, (_, index) => ({
    time: START + index * 33,
    duration: 33,
    keyframe: index === 0,
    parts: [Buffer.alloc(10, index)],
  }));
  const options = { kind: 'video' as const, isLengthPrefixed: false, sequenceNumber: 1, samples };
  const bytes = Buffer.concat(writeChunk(options).buffers);
  const { chunks } = await readChunks(new MemoryFile(bytes), bytes.length);
  const [facts] = chunks;
  t.equal(clusterProblem(facts!, bytes), undefined);
  const isPayload = (at: number) =>
    facts!.sampleOffsets.some((offset) => at >= offset && at < offset + 10);
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 0x10;
    const problem = clusterProblem(facts!, flipped);
    if ((problem === undefined) !== isPayload(at)) t.fail(`byte ${at}: ${problem}`);
  }
  const third = Buffer.from(bytes);
  third[facts!.sampleOffsets[2]! - 2]! ^= 1;
  t.match(clusterProblem(facts!, third), 'before sample 2 that differs');
  const end = Buffer.from(bytes);
  end[end.length - 1]! ^= 1;
  t.match(clusterProblem(facts!, end), 'ends with a block that differs');
});
