import type { Codec, ContinuityCheck } from '../codecs/codec.ts';
import type { ChunkFacts } from '../containers/chunk-facts.ts';
import type { Container } from '../containers/container.ts';
import { containerNamed } from '../containers/registry.ts';
import { parseFileName } from '../layout/file-names.ts';
import type { RecordingFiles } from './recording-files.ts';

/** Maximum number of samples that are reported individually; a damaged file may have thousands. */
const MOST_PROBLEMS = 3;

/** The content of a segment file. Times are ticks of the track's timescale since the Unix epoch. */
export interface SegmentInspection {
  container: Container;
  /** Size of the file, bytes. */
  size: number;
  /** Offset of the end of its last complete chunk, bytes. */
  validLength: number;
  /** Its first bytes, which contain its wall-clock times. */
  head: Buffer;
  chunks: ChunkFacts[];
  samples: number;
  /** Start of its first sample; 0 without samples. */
  startTime: number;
  /** Sum of its samples' durations. */
  duration: number;
  /** The first error in its headers and its offset. */
  torn?: string;
  /** Errors in samples: the first few, then the number of the others. */
  undecodable: string[];
  /** Set if a chunk does not begin at the end of the previous one. */
  disjoint?: string;
}

/**
 * Reads a whole segment file: headers, and the structure of each sample.
 * @param name of a segment, which may be a part file
 * @param codec of its track; samples are not checked if it is unknown
 * @param continuity of the preceding segments, to detect missing pictures
 * @returns undefined if there is no such file
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
        inspection.disjoint = `the chunk at byte ${chunk.offset} begins at ${chunk.startTime}, the previous one ends at ${end}`;
      }
      const bytes = Buffer.allocUnsafe(chunk.byteLength);
      await source.read(bytes, 0, bytes.length, chunk.offset);
      const wrong = container.chunkProblem?.(chunk, bytes);
      if (wrong !== undefined) {
        bad++;
        if (bad <= MOST_PROBLEMS)
          inspection.undecodable.push(`the chunk at byte ${chunk.offset} ${wrong}`);
      }
      for (const { index, what } of sampleProblems(bytes, chunk, codec, continuity)) {
        bad++;
        if (bad > MOST_PROBLEMS) continue;
        inspection.undecodable.push(`sample ${inspection.samples + index} ${what}`);
      }
      inspection.samples += chunk.sampleCount;
      inspection.duration += chunk.duration;
    }
    if (bad > MOST_PROBLEMS) inspection.undecodable.push(`and ${bad - MOST_PROBLEMS} more`);
    return inspection;
  } finally {
    await source.close();
  }
}

function sampleProblems(
  bytes: Buffer,
  { offset, sampleOffsets, sampleSizes, keyframes }: ChunkFacts,
  codec: Codec | undefined,
  continuity: ContinuityCheck | undefined,
): { index: number; what: string }[] {
  const problems: { index: number; what: string }[] = [];
  for (const [index, size] of sampleSizes.entries()) {
    const at = sampleOffsets[index]! - offset;
    const sample = bytes.subarray(at, at + size);
    const what =
      codec?.sampleProblem(sample, keyframes.includes(index)) ?? continuity?.problem(sample);
    if (what !== undefined) problems.push({ index, what });
  }
  return problems;
}
