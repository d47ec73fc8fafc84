import type { Container } from '../container.ts';
import { writeChunk } from './chunk.ts';
import { readChunks } from './chunk-reader.ts';
import { initializationSegment } from './initialization-segment.ts';
import {
  readInitializationConfiguration,
  readInitializationSegment,
} from './initialization-segment-reader.ts';
import {
  REFERENCE_TIMES_BYTES,
  readReferenceTimes,
  writeReferenceTimes,
} from './reference-time.ts';
import { readSegmentOrigin, SEGMENT_ORIGIN_BYTES, writeSegmentOrigin } from './segment-origin.ts';

/**
 * Fragmented MP4 (ISO/IEC 14496-12) according to CMAF (ISO/IEC 23000-19): a header, chunks of a
 * `moof` and its `mdat`, and before the first chunk two `prft` boxes and a `free` box.
 */
export const mp4: Container = {
  name: 'mp4',
  demuxer: 'mp4',
  timescale: (clockRate) => clockRate,
  initialization: initializationSegment,
  chunk: writeChunk,
  baseTime(time) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(time));
    return bytes;
  },
  headBytes: REFERENCE_TIMES_BYTES + SEGMENT_ORIGIN_BYTES,
  head: (times, origin) => Buffer.concat([writeReferenceTimes(times), writeSegmentOrigin(origin)]),
  headTimes: writeReferenceTimes,
  readHead: (bytes, timescale) => ({
    times: readReferenceTimes(bytes, timescale),
    origin: readSegmentOrigin(bytes.subarray(REFERENCE_TIMES_BYTES)),
  }),
  readChunks,
  readInitialization: readInitializationSegment,
  readConfiguration: readInitializationConfiguration,
};
