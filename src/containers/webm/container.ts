import type { Container } from '../container.ts';
import { writeChunk } from './cluster.ts';
import { clusterProblem } from './cluster-check.ts';
import { readChunks } from './cluster-reader.ts';
import { initializationSegment } from './initialization-segment.ts';
import {
  readInitializationConfiguration,
  readInitializationSegment,
} from './initialization-segment-reader.ts';
import { HEAD_BYTES, readHead, writeHead, writeHeadTimes } from './segment-head.ts';
import { TIMESTAMPS_A_SECOND } from './track.ts';

/**
 * WebM (Matroska, RFC 9559): the beginning of a Segment of unknown size, clusters, and before the
 * first of those two Void elements. There are no Cues, because the manifest has the starts of the
 * segments.
 */
export const webm: Container = {
  name: 'webm',
  demuxer: 'matroska',
  timescale: () => TIMESTAMPS_A_SECOND,
  initialization: initializationSegment,
  chunk: writeChunk,
  baseTime(time) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(time));
    return bytes;
  },
  headBytes: HEAD_BYTES,
  head: writeHead,
  headTimes: writeHeadTimes,
  readHead,
  readChunks,
  chunkProblem: clusterProblem,
  readInitialization: readInitializationSegment,
  readConfiguration: readInitializationConfiguration,
};
