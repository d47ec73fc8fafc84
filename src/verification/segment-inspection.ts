import type { Codec, ContinuityCheck } from '../codecs/codec.ts';
import type { ChunkFacts } from '../containers/chunk-facts.ts';
import type { Container } from '../containers/container.ts';
import { containerNamed } from '../containers/registry.ts';
import type { ByteSource } from '../files/byte-source.ts';
import { parseFileName } from '../layout/file-names.ts';
import type { RecordingFiles } from './recording-files.ts';

/** Samples that are told of one by one; a damaged file may have thousands. */
const MOST_PROBLEMS = 3;

/** What one segment file holds. Times are ticks at the track's timescale since the Unix epoch. */
export interface SegmentInspection {
  container: Container;
  /** Bytes of the file. */
  size: number;
  /** Bytes up to the end of its last whole chunk. */
  validLength: number;
  /** Its first bytes, which say where it lies on the wall clock. */
  head: Buffer;
  chunks: ChunkFacts[];
  samples: number;
  /** Start of its first sample; 0 without one. */
  startTime: number;
  /** Sum of its samples' durations. */
  duration: number;
  /** What is wrong with its headers, and at which byte. */
  torn?: string;
  /** What is wrong with samples: the first few, then how many more. */
  undecodable: string[];
  /** Where a chunk does not begin at the end of the one before. */
  disjoint?: string;
}

/**
 * Reads a whole segment file: headers, and the structure of each sample.
 * @param name of a segment, which may be a part file
 * @param codec of its track; where that is not known, samples are taken as sound
 * @param continuity of the segments before, to tell where pictures are missing
 * @returns undefined where there is no such file
 * @throws what {@link RecordingFiles.open} throws
 */
export async function inspectSegment(
  files: RecordingFiles,
  name: string,
  codec: Codec | undefined,
  continuity?: ContinuityCheck,
): Promise<SegmentInspection | undefined> {
  const container = containerNamed(parseFileName(name)!.container);
  const source = await files.open(name);
  if (source === undefined) return undefined;
  try {
    const { size } = source;
    const { chunks, validLength, problem } = await container.readChunks(source, size);
    const head = Buffer.alloc(container.headBytes);
    await source.read(head, 0, head.length, 0);
    const inspection: SegmentInspection = {
      container,
      size,
      validLength,
      head,
      chunks,
      samples: 0,
      startTime: chunks[0]?.startTime ?? 0,
      duration: 0,
      undecodable: [],
    };
    if (problem !== undefined) inspection.torn = `${problem}, at byte ${validLength} of ${size}`;
    else if (chunks.length === 0) inspection.torn = `${size} bytes without a sample`;
    let bad = 0;
    for (const chunk of chunks) {
      const end = inspection.startTime + inspection.duration;
      if (chunk.startTime !== end && inspection.disjoint === undefined) {
        inspection.disjoint = `the chunk at byte ${chunk.offset} begins at ${chunk.startTime}, the one before ends at ${end}`;
      }
      for (const { index, what } of await sampleProblems(source, chunk, codec, continuity)) {
        bad++;
        if (bad > MOST_PROBLEMS) continue;
        inspection.undecodable.push(`sample ${inspection.samples + index} ${what}`);
      }
      inspection.samples += chunk.sampleCount;
      inspection.duration += chunk.duration;
    }
    if (bad > MOST_PROBLEMS) inspection.undecodable.push(`${bad - MOST_PROBLEMS} more like that`);
    return inspection;
  } finally {
    await source.close();
  }
}

async function sampleProblems(
  source: ByteSource,
  { offset, byteLength, sampleOffsets, sampleSizes, keyframes }: ChunkFacts,
  codec: Codec | undefined,
  continuity: ContinuityCheck | undefined,
): Promise<{ index: number; what: string }[]> {
  const from = sampleOffsets[0] ?? offset;
  const payload = Buffer.allocUnsafe(offset + byteLength - from);
  await source.read(payload, 0, payload.length, from);
  const problems: { index: number; what: string }[] = [];
  for (const [index, size] of sampleSizes.entries()) {
    const at = sampleOffsets[index]! - from;
    const sample = payload.subarray(at, at + size);
    const what =
      codec?.sampleProblem(sample, keyframes.includes(index)) ?? continuity?.problem(sample);
    if (what !== undefined) problems.push({ index, what });
  }
  return problems;
}
