import type { ByteSource } from '../../files/byte-source.ts';
import { ReadAhead } from '../../files/read-ahead.ts';
import type { ChunkFacts, SegmentChunks } from '../chunk-facts.ts';
import {
  BASE_TIME_OFFSET,
  LAST_BLOCK_BYTES,
  lastBlockTrailerBytes,
  SAMPLE_TABLE_OFFSET,
  SIMPLE_BLOCK_BYTES,
} from './cluster.ts';
import { elementHeader, LONGEST_HEADER_BYTES } from './ebml.ts';
import { ID } from './element-id.ts';
import { readSampleTable } from './sample-table.ts';

const CLUSTER_HEADER_BYTES = 12;
// A table has 8 bytes per sample: a larger one is not ours.
const MOST_TABLE_BYTES = 16 * 1024 * 1024;

const PASSED_OVER: ReadonlySet<number> = new Set([ID.ebml, ID.info, ID.tracks, ID.void]);

/**
 * Walks a segment file to repair or index it, reading only the part of each cluster before its
 * blocks. Damaged input is never an error: the walk ends before the first cluster that is
 * truncated, inconsistent with its sample table, or not written by `writeChunk`. An EBML header and
 * the part of a Segment before its clusters are skipped.
 *
 * @param size number of bytes to read
 * @throws what reading the file throws
 */
export async function readChunks(source: ByteSource, size: number): Promise<SegmentChunks> {
  const ahead = new ReadAhead(source);
  const chunks: ChunkFacts[] = [];
  let validLength = 0;
  let problem: string | undefined;
  let offset = 0;
  while (offset < size) {
    const bytes = await ahead.from(offset, LONGEST_HEADER_BYTES);
    const header = elementHeader(bytes, 0, Math.min(bytes.length, size - offset));
    if (header === undefined) {
      problem = 'there is no valid element header';
      break;
    }
    const { id, headerBytes, payloadBytes } = header;
    if (id === ID.segment) {
      offset += headerBytes;
      continue;
    }
    if (payloadBytes === undefined) {
      problem = 'an element is of unknown size';
      break;
    }
    const byteLength = headerBytes + payloadBytes;
    if (offset + byteLength > size) {
      problem = `an element of ${byteLength} bytes is cut short`;
      break;
    }
    if (id === ID.cluster) {
      const found = await readCluster(ahead, offset, byteLength);
      if (typeof found === 'string') {
        problem = found;
        break;
      }
      chunks.push(found);
      validLength = offset + byteLength;
    } else if (!PASSED_OVER.has(id)) {
      problem = `an element ${id.toString(16)} where a cluster should be`;
      break;
    }
    offset += byteLength;
  }
  return { chunks, validLength, ...(problem !== undefined && { problem }) };
}

/** Parses a cluster in the format of `writeChunk`. @returns what is wrong with any other */
async function readCluster(
  ahead: ReadAhead,
  offset: number,
  byteLength: number,
): Promise<ChunkFacts | string> {
  const begin = await ahead.from(offset, SAMPLE_TABLE_OFFSET + LONGEST_HEADER_BYTES);
  const within = Math.min(begin.length, byteLength);
  const timestamp = elementHeader(begin, CLUSTER_HEADER_BYTES, within);
  if (timestamp?.id !== ID.timestamp || timestamp.payloadBytes !== 8) return NOT_OURS;
  const header = elementHeader(begin, SAMPLE_TABLE_OFFSET, within);
  if (header?.id !== ID.void || header.payloadBytes === undefined) return NOT_OURS;
  const start = SAMPLE_TABLE_OFFSET + header.headerBytes;
  const end = start + header.payloadBytes;
  if (end > byteLength || header.payloadBytes > MOST_TABLE_BYTES) return NOT_OURS;
  const bytes = await ahead.from(offset, end);
  if (bytes.length < end) return NOT_OURS;
  const table = readSampleTable(bytes, { id: header.id, start, end });
  if (table === undefined) return NOT_OURS;

  const startTime =
    bytes.readUInt32BE(BASE_TIME_OFFSET) * 2 ** 32 + bytes.readUInt32BE(BASE_TIME_OFFSET + 4);
  if (!Number.isSafeInteger(startTime)) return NOT_OURS;
  const isVideo = table.kind === 'video';
  const last = table.sizes.length - 1;
  const isLastKeyframe = !isVideo || table.keyframes.at(-1) === last;
  const sampleOffsets: number[] = [];
  const times: number[] = [];
  let at = end;
  let duration = 0;
  for (const [i, size] of table.sizes.entries()) {
    at += i < last ? SIMPLE_BLOCK_BYTES : LAST_BLOCK_BYTES;
    sampleOffsets.push(offset + at);
    times.push(startTime + duration);
    at += size;
    duration += table.durations[i]!;
  }
  if (at + lastBlockTrailerBytes(isLastKeyframe) !== byteLength) {
    return 'the sample sizes of a cluster do not fill it';
  }
  const keyframes = isVideo ? table.keyframes : [];
  return {
    offset,
    byteLength,
    baseTimeOffset: offset + BASE_TIME_OFFSET,
    startTime,
    duration,
    sampleCount: table.sizes.length,
    sampleSizes: table.sizes,
    sampleDurations: table.durations,
    sampleOffsets,
    keyframes,
    keyframeTimes: keyframes.map((index) => times[index]!),
  };
}

const NOT_OURS = 'a cluster is damaged, or was not written by this recorder';
