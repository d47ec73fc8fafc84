import type { ChunkFacts, SegmentChunks } from '../src/containers/chunk-facts.ts';
import { must } from './target.ts';

/**
 * Holds a container's walk through a segment file to what is true of any input.
 * @param read the walk
 * @param checkChunk what else has to hold for each chunk
 */
export async function checkWalk(
  bytes: Buffer,
  read: (bytes: Buffer) => Promise<SegmentChunks>,
  checkChunk: (chunk: ChunkFacts) => void,
): Promise<void> {
  const { chunks, validLength } = await read(bytes);
  must(validLength >= 0 && validLength <= bytes.length, 'what is valid is within the file');
  let end = 0;
  for (const chunk of chunks) {
    must(chunk.offset >= end, 'chunks follow one another');
    end = chunk.offset + chunk.byteLength;
    must(chunk.baseTimeOffset + 8 <= end, 'the base time is within its chunk');
    checkChunk(chunk);
  }
  must(end <= validLength, 'all chunks are valid');
  // What was repaired to its valid length stays as it is.
  const again = await read(bytes.subarray(0, validLength));
  must(again.chunks.length === chunks.length, 'cutting off what is not valid loses nothing');
}
