import type { Sample } from '../../media/sample.ts';
import type { ChunkFacts } from '../chunk-facts.ts';
import { SAMPLE_TABLE_OFFSET, writeChunk } from './cluster.ts';
import { elementHeader } from './ebml.ts';
import { readSampleTable } from './sample-table.ts';

/**
 * Compares the elements of a cluster, which players read, with its sample table, which the recorder
 * reads: both have the size, time and kind of each sample.
 * @param facts of the cluster
 * @param bytes the whole cluster
 * @returns where they differ first; undefined if they agree
 */
export function clusterProblem(facts: ChunkFacts, bytes: Buffer): string | undefined {
  const header = elementHeader(bytes, SAMPLE_TABLE_OFFSET, bytes.length);
  const start = SAMPLE_TABLE_OFFSET + (header?.headerBytes ?? 0);
  const end = start + (header?.payloadBytes ?? 0);
  const isWhole = header !== undefined && end <= bytes.length;
  const table = isWhole ? readSampleTable(bytes, { id: header.id, start, end }) : undefined;
  if (table === undefined) return 'has no sample table';
  let time = facts.startTime;
  const samples = facts.sampleSizes.map((size, index): Sample => {
    const at = facts.sampleOffsets[index]! - facts.offset;
    const duration = facts.sampleDurations[index]!;
    const keyframe = table.keyframes.includes(index);
    const sample = { time, duration, keyframe, parts: [bytes.subarray(at, at + size)] };
    time += duration;
    return sample;
  });
  const options = { kind: table.kind, isLengthPrefixed: false, sequenceNumber: 1, samples };
  let written: Buffer;
  try {
    written = Buffer.concat(writeChunk(options).buffers);
  } catch (error) {
    if (error instanceof RangeError) return `cannot be written: ${error.message}`;
    throw error;
  }
  if (written.equals(bytes)) return undefined;
  const at = written.findIndex((byte, index) => byte !== bytes[index]);
  const next = facts.sampleOffsets.findIndex((offset) => offset - facts.offset > at);
  return next < 0
    ? 'ends with a block that differs from the sample table'
    : `has a header before sample ${next} that differs from the sample table`;
}
