import {
  defaultWriterConfig,
  type MovieFragmentBox,
  type TrackRunSample,
  writeIsoBoxes,
} from '@svta/cml-iso-bmff';
import type { Chunk, ChunkOptions } from '../container.ts';
import { BOX_HEADER_BYTES, writeBoxHeader } from './box.ts';

/** The track_ID of every track: each file has one track. */
export const TRACK_ID = 1;

/** Flags of a sync sample: does not depend on others (ISO/IEC 14496-12 §8.8.3.1). */
export const SYNC_SAMPLE_FLAGS = 0x0200_0000;
/** Flags of a sample that depends on others: sample_is_non_sync_sample is set. */
export const NON_SYNC_SAMPLE_FLAGS = 0x0101_0000;

const LENGTH_BYTES = 4;
const UINT32_MAX = 0xffff_ffff;
const INT32_MAX = 0x7fff_ffff;

// moof, mfhd and traf precede tfhd and tfdt, all of fixed size: see `trackFragment`.
const BASE_TIME_OFFSET = 8 + 16 + 8 + 20 + 12;

const TFHD_DEFAULT_BASE_IS_MOOF = 0x02_0000;
const TFHD_DEFAULT_SAMPLE_FLAGS = 0x20;
const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_SAMPLE_FLAGS = 0x4;
const TRUN_SAMPLE_DURATION = 0x100;
const TRUN_SAMPLE_SIZE = 0x200;
const TRUN_SAMPLE_FLAGS = 0x400;
const TRUN_SAMPLE_COMPOSITION_OFFSET = 0x800;

const writerConfig = defaultWriterConfig();

/**
 * Writes samples as a chunk, a `moof` and its `mdat` (ISO/IEC 14496-12 §8.8, CMAF §7.3.2.3),
 * without copying the payload.
 *
 * @throws RangeError without samples, for a time, duration or composition offset that the boxes
 * cannot represent, or an `mdat` of 4 GiB or more
 */
export function writeChunk(options: ChunkOptions): Chunk {
  const { samples, isLengthPrefixed } = options;
  const first = samples[0];
  if (first === undefined) throw new RangeError('a chunk needs at least one sample');
  if (!Number.isSafeInteger(first.time) || first.time < 0) {
    throw new RangeError(`sample time ${first.time} is not a count of ticks below 2^53`);
  }

  const prefixBytes = isLengthPrefixed ? LENGTH_BYTES : 0;
  const run: TrackRunSample[] = [];
  let partCount = 0;
  let payloadBytes = 0;
  let laterKeyframe = false;
  let isReordered = false;
  let isNegative = false;
  for (const sample of samples) {
    if (!(sample.duration >= 0 && sample.duration <= UINT32_MAX)) {
      throw new RangeError(`sample duration ${sample.duration} does not fit 32 bits`);
    }
    let sampleSize = 0;
    for (const part of sample.parts) sampleSize += prefixBytes + part.length;
    partCount += sample.parts.length;
    payloadBytes += sampleSize;
    if (sample.keyframe && sample !== first) laterKeyframe = true;
    const offset = sample.compositionOffset ?? 0;
    if (offset !== 0) {
      if (!(Math.abs(offset) <= INT32_MAX)) {
        throw new RangeError(`composition offset ${offset} does not fit 32 bits`);
      }
      isReordered = true;
      if (offset < 0) isNegative = true;
    }
    run.push({ sampleDuration: sample.duration, sampleSize });
  }
  const mdatBytes = BOX_HEADER_BYTES + payloadBytes;
  if (mdatBytes > UINT32_MAX) throw new RangeError('the payload of a chunk must be below 4 GiB');

  const moof = movieFragment(options, run, { laterKeyframe, isReordered, isNegative });

  // One slab for the mdat header and all length prefixes: with many streams, a buffer for each
  // would dominate the time for garbage collection.
  const slab = Buffer.allocUnsafe(BOX_HEADER_BYTES + prefixBytes * partCount);
  writeBoxHeader(slab, 0, 'mdat', mdatBytes);
  const buffers: Buffer[] = [moof];
  if (isLengthPrefixed) {
    let start = 0;
    let end = BOX_HEADER_BYTES;
    for (const sample of samples) {
      for (const part of sample.parts) {
        end = slab.writeUInt32BE(part.length, end);
        // The first prefix follows the mdat header in the slab, so they are written as one buffer.
        buffers.push(slab.subarray(start, end), part);
        start = end;
      }
    }
    if (partCount === 0) buffers.push(slab);
  } else {
    buffers.push(slab);
    for (const sample of samples) buffers.push(...sample.parts);
  }
  return {
    buffers,
    byteLength: moof.length + mdatBytes,
    baseTimeOffset: BASE_TIME_OFFSET,
  };
}

function movieFragment(
  options: ChunkOptions,
  run: TrackRunSample[],
  of: { laterKeyframe: boolean; isReordered: boolean; isNegative: boolean },
): Buffer {
  const { laterKeyframe, isReordered, isNegative } = of;
  const { kind, sequenceNumber, samples } = options;
  const first = samples[0]!;
  const video = kind === 'video';
  let flags = TRUN_DATA_OFFSET | TRUN_SAMPLE_DURATION | TRUN_SAMPLE_SIZE;
  // Only the first sample is usually a keyframe, which a single field expresses for the whole run.
  const flagEach = video && laterKeyframe;
  const flagFirst = video && !laterKeyframe && first.keyframe;
  if (flagEach) {
    flags |= TRUN_SAMPLE_FLAGS;
    for (let i = 0; i < run.length; i++) {
      run[i]!.sampleFlags = samples[i]!.keyframe ? SYNC_SAMPLE_FLAGS : NON_SYNC_SAMPLE_FLAGS;
    }
  }
  if (flagFirst) flags |= TRUN_FIRST_SAMPLE_FLAGS;
  if (isReordered) {
    flags |= TRUN_SAMPLE_COMPOSITION_OFFSET;
    for (let i = 0; i < run.length; i++) {
      // The library writes unsigned 32 bits, which have the same encoding.
      run[i]!.sampleCompositionTimeOffset = (samples[i]!.compositionOffset ?? 0) >>> 0;
    }
  }
  const sampleBytes = 8 + (flagEach ? 4 : 0) + (isReordered ? 4 : 0);
  const moofBytes = BASE_TIME_OFFSET + 8 + 20 + (flagFirst ? 4 : 0) + run.length * sampleBytes;
  const moof: MovieFragmentBox = {
    type: 'moof',
    boxes: [
      { type: 'mfhd', version: 0, flags: 0, sequenceNumber },
      {
        type: 'traf',
        boxes: [
          {
            type: 'tfhd',
            version: 0,
            flags: TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_SAMPLE_FLAGS,
            trackId: TRACK_ID,
            defaultSampleFlags: video ? NON_SYNC_SAMPLE_FLAGS : SYNC_SAMPLE_FLAGS,
          },
          { type: 'tfdt', version: 1, flags: 0, baseMediaDecodeTime: first.time },
          {
            type: 'trun',
            // Version 1 has signed offsets; the oldest players only support version 0.
            version: isNegative ? 1 : 0,
            flags,
            sampleCount: run.length,
            dataOffset: moofBytes + BOX_HEADER_BYTES,
            firstSampleFlags: SYNC_SAMPLE_FLAGS,
            samples: run,
          },
        ],
      },
    ],
  };
  const [bytes] = writeIsoBoxes([moof], writerConfig);
  // The offsets depend on this layout: no chunk is better than a wrong one.
  if (bytes?.byteLength !== moofBytes) {
    throw new Error(`moof of ${bytes?.byteLength} bytes where ${moofBytes} were expected`);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
