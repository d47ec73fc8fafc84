import type { Sample } from '../../media/sample.ts';
import type { Chunk, ChunkOptions } from '../container.ts';
import { BOX_HEADER_BYTES, writeBoxHeader } from './box.ts';

/** The track_ID of every track: each file has one track. */
export const TRACK_ID = 1;

/** Flags of a sync sample: does not depend on others (ISO/IEC 14496-12 §8.8.3.1). */
export const SYNC_SAMPLE_FLAGS = 0x0200_0000;
/** Flags of a sample that depends on others: sample_is_non_sync_sample is set. */
export const NON_SYNC_SAMPLE_FLAGS = 0x0101_0000;

/** Size of the length before a part, bytes (ISO/IEC 14496-15 §5.3.4.2). */
export const LENGTH_BYTES = 4;
const UINT32_MAX = 0xffff_ffff;
const INT32_MAX = 0x7fff_ffff;

const MFHD_BYTES = 16;
const TFHD_BYTES = 20;
const TFDT_BYTES = 20;
/** Size of a trun without optional fields, bytes. */
const TRUN_BYTES = 20;
// moof, mfhd and traf precede tfhd and tfdt, all of fixed size: see `movieFragment`.
const BASE_TIME_OFFSET = BOX_HEADER_BYTES + MFHD_BYTES + BOX_HEADER_BYTES + TFHD_BYTES + 12;

const VERSION_1 = 0x0100_0000;
const TFHD_DEFAULT_BASE_IS_MOOF = 0x02_0000;
const TFHD_DEFAULT_SAMPLE_FLAGS = 0x20;
const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_SAMPLE_FLAGS = 0x4;
const TRUN_SAMPLE_DURATION = 0x100;
const TRUN_SAMPLE_SIZE = 0x200;
const TRUN_SAMPLE_FLAGS = 0x400;
const TRUN_SAMPLE_COMPOSITION_OFFSET = 0x800;

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
  const sizes: number[] = [];
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
    sizes.push(sampleSize);
  }
  const mdatBytes = BOX_HEADER_BYTES + payloadBytes;
  if (mdatBytes > UINT32_MAX) throw new RangeError('the payload of a chunk must be below 4 GiB');

  const moof = movieFragment(options, sizes, { laterKeyframe, isReordered, isNegative });

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
    addParts(buffers, samples);
  }
  return {
    buffers,
    byteLength: moof.length + mdatBytes,
    baseTimeOffset: BASE_TIME_OFFSET,
  };
}

/** Adds the parts of all samples; those that follow each other in memory as one, since each costs time in `writev`. */
function addParts(buffers: Buffer[], samples: readonly Sample[]): void {
  let first: Buffer | undefined;
  let end = 0;
  for (const { parts } of samples) {
    for (const part of parts) {
      if (part.buffer !== first?.buffer || part.byteOffset !== end) {
        if (first !== undefined) buffers.push(upTo(first, end));
        first = part;
      }
      end = part.byteOffset + part.length;
    }
  }
  if (first !== undefined) buffers.push(upTo(first, end));
}

/** What begins as a buffer does, up to an offset in its memory. */
function upTo({ buffer, byteOffset }: Buffer, end: number): Buffer {
  return Buffer.from(buffer, byteOffset, end - byteOffset);
}

/**
 * Writes a `moof` by hand. The library has an object with ten closures for each box, and V8 creates closures that are
 * assigned to properties in the old generation, where they stay, with the box, until the whole heap is collected.
 */
function movieFragment(
  options: ChunkOptions,
  sizes: readonly number[],
  of: { laterKeyframe: boolean; isReordered: boolean; isNegative: boolean },
): Buffer {
  const { laterKeyframe, isReordered, isNegative } = of;
  const { kind, sequenceNumber, samples } = options;
  const first = samples[0]!;
  const video = kind === 'video';
  // Only the first sample is usually a keyframe, which a single field expresses for the whole run.
  const flagEach = video && laterKeyframe;
  const flagFirst = video && !laterKeyframe && first.keyframe;
  let flags = TRUN_DATA_OFFSET | TRUN_SAMPLE_DURATION | TRUN_SAMPLE_SIZE;
  if (flagEach) flags |= TRUN_SAMPLE_FLAGS;
  if (flagFirst) flags |= TRUN_FIRST_SAMPLE_FLAGS;
  if (isReordered) flags |= TRUN_SAMPLE_COMPOSITION_OFFSET;
  const sampleBytes = 8 + (flagEach ? 4 : 0) + (isReordered ? 4 : 0);
  const runBytes = TRUN_BYTES + (flagFirst ? 4 : 0) + samples.length * sampleBytes;
  const fragmentBytes = BOX_HEADER_BYTES + TFHD_BYTES + TFDT_BYTES + runBytes;
  const moof = Buffer.allocUnsafe(BOX_HEADER_BYTES + MFHD_BYTES + fragmentBytes);
  writeBoxHeader(moof, 0, 'moof', moof.length);
  let at = writeFullBox(moof, BOX_HEADER_BYTES, 'mfhd', MFHD_BYTES, 0);
  at = moof.writeUInt32BE(sequenceNumber, at);
  writeBoxHeader(moof, at, 'traf', fragmentBytes);
  const tfhdFlags = TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_SAMPLE_FLAGS;
  at = writeFullBox(moof, at + BOX_HEADER_BYTES, 'tfhd', TFHD_BYTES, tfhdFlags);
  at = moof.writeUInt32BE(TRACK_ID, at);
  at = moof.writeUInt32BE(video ? NON_SYNC_SAMPLE_FLAGS : SYNC_SAMPLE_FLAGS, at);
  at = writeFullBox(moof, at, 'tfdt', TFDT_BYTES, VERSION_1);
  at = moof.writeUInt32BE(Math.floor(first.time / 2 ** 32), at);
  at = moof.writeUInt32BE(first.time % 2 ** 32, at);
  // Version 1 has signed offsets; the oldest players only support version 0.
  at = writeFullBox(moof, at, 'trun', runBytes, (isNegative ? VERSION_1 : 0) | flags);
  at = moof.writeUInt32BE(samples.length, at);
  at = moof.writeUInt32BE(moof.length + BOX_HEADER_BYTES, at);
  if (flagFirst) at = moof.writeUInt32BE(SYNC_SAMPLE_FLAGS, at);
  for (const [index, { duration, keyframe, compositionOffset = 0 }] of samples.entries()) {
    at = moof.writeUInt32BE(duration, at);
    at = moof.writeUInt32BE(sizes[index]!, at);
    if (flagEach) {
      at = moof.writeUInt32BE(keyframe ? SYNC_SAMPLE_FLAGS : NON_SYNC_SAMPLE_FLAGS, at);
    }
    if (isReordered) at = moof.writeInt32BE(compositionOffset, at);
  }
  return moof;
}

/**
 * Writes what a box begins with that has a version, in the highest 8 bits, and flags (§4.2).
 * @returns where it goes on
 */
function writeFullBox(
  bytes: Buffer,
  at: number,
  type: string,
  size: number,
  versionAndFlags: number,
): number {
  writeBoxHeader(bytes, at, type, size);
  return bytes.writeUInt32BE(versionAndFlags, at + BOX_HEADER_BYTES);
}
