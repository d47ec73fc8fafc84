import type { TrackKind } from '../../media/access-unit.ts';
import type { Chunk, ChunkOptions } from '../container.ts';
import { MOST_IN_SIZE4, SIZE4_BYTES, writeSize4 } from './ebml.ts';
import { ID } from './element-id.ts';
import { MOST_DURATION, sampleTableBytes, writeSampleTable } from './sample-table.ts';
import { TRACK_NUMBER } from './track.ts';

/** Offset of the payload of a cluster's Timestamp, after ID and size of both, bytes. */
export const BASE_TIME_OFFSET = 4 + 8 + 2;
const BASE_TIME_BYTES = 8;
/** Offset of a cluster's sample table, bytes. */
export const SAMPLE_TABLE_OFFSET = BASE_TIME_OFFSET + BASE_TIME_BYTES;

/** Size of ID and size of a block, or of the group around one, bytes. */
const ELEMENT_HEADER_BYTES = 1 + SIZE4_BYTES;
/** Size of a block before its payload: track number, timestamp and flags (RFC 9559 §10), bytes. */
const BLOCK_HEADER_BYTES = 4;
/** Size of a SimpleBlock before its payload, bytes. */
export const SIMPLE_BLOCK_BYTES = ELEMENT_HEADER_BYTES + BLOCK_HEADER_BYTES;
/** Size of the last block, inside its group, before its payload, bytes. */
export const LAST_BLOCK_BYTES = ELEMENT_HEADER_BYTES + SIMPLE_BLOCK_BYTES;
const BLOCK_DURATION_BYTES = 2 + 4;
const REFERENCE_BLOCK_BYTES = 3;

const SIMPLE_BLOCK_KEYFRAME = 0x80;
const MOST_BLOCK_TIME = 0x7fff;
const MOST_SAMPLE_BYTES =
  MOST_IN_SIZE4 - LAST_BLOCK_BYTES - BLOCK_DURATION_BYTES - REFERENCE_BLOCK_BYTES;
const UINT32_MAX = 0xffff_ffff;

/** Size of the last block, inside its group, after its payload, bytes. */
export function lastBlockTrailerBytes(keyframe: boolean): number {
  return BLOCK_DURATION_BYTES + (keyframe ? 0 : REFERENCE_BLOCK_BYTES);
}

/**
 * Writes samples as a chunk, a Cluster of known size (RFC 9559 §5.1.3), without copying the
 * payload. The last block has a duration: players would guess it, and the next cluster would begin
 * with a gap or an overlap. All other samples last until the next one.
 *
 * @throws RangeError without samples, for length-prefixed parts, for reordered pictures, and for a
 * time, duration or size that the elements cannot represent
 */
export function writeChunk({ kind, isLengthPrefixed, samples }: ChunkOptions): Chunk {
  const first = samples[0];
  if (first === undefined) throw new RangeError('a chunk needs at least one sample');
  if (!Number.isSafeInteger(first.time) || first.time < 0) {
    throw new RangeError(`sample time ${first.time} is not a count of ticks below 2^53`);
  }
  if (isLengthPrefixed) throw new RangeError('samples of WebM have no lengths before their parts');

  const sizes: number[] = [];
  let payloadBytes = 0;
  for (const { duration, compositionOffset = 0, parts } of samples) {
    if (!(Number.isInteger(duration) && duration >= 0 && duration <= MOST_DURATION)) {
      throw new RangeError(`sample duration ${duration} does not fit 31 bits`);
    }
    if (compositionOffset !== 0) throw new RangeError('WebM has no composition offsets');
    let size = 0;
    for (const part of parts) size += part.length;
    if (size > MOST_SAMPLE_BYTES) throw new RangeError(`a sample of ${size} bytes`);
    sizes.push(size);
    payloadBytes += size;
  }
  const last = samples.length - 1;
  const isLastKeyframe = kind === 'audio' || samples[last]!.keyframe;
  const trailerBytes = lastBlockTrailerBytes(isLastKeyframe);
  const blocksAt = SAMPLE_TABLE_OFFSET + sampleTableBytes(samples.length);
  const ownBytes = blocksAt + last * SIMPLE_BLOCK_BYTES + LAST_BLOCK_BYTES + trailerBytes;
  const byteLength = ownBytes + payloadBytes;
  if (byteLength > UINT32_MAX) throw new RangeError('a chunk must be below 4 GiB');

  // One slab for everything except the payload: with many streams, a buffer per block would
  // dominate the time for garbage collection.
  const slab = Buffer.allocUnsafe(ownBytes);
  slab.writeUInt32BE(ID.cluster);
  slab.writeUInt32BE(0x0100_0000, 4); // a size of eight bytes
  slab.writeUInt32BE(byteLength - 12, 8);
  slab.writeUInt16BE((ID.timestamp << 8) | 0x80 | BASE_TIME_BYTES, 12);
  slab.writeUInt32BE(Math.floor(first.time / 2 ** 32), BASE_TIME_OFFSET);
  slab.writeUInt32BE(first.time % 2 ** 32, BASE_TIME_OFFSET + 4);
  let end = writeSampleTable(slab, SAMPLE_TABLE_OFFSET, kind, samples, sizes);

  const buffers: Buffer[] = [];
  let start = 0;
  let time = 0;
  for (let i = 0; i <= last; i++) {
    if (time > MOST_BLOCK_TIME) throw new RangeError(`a block ${time} ms into its cluster`);
    const { duration, keyframe, parts } = samples[i]!;
    const size = sizes[i]!;
    if (i < last) {
      const flags = kind === 'audio' || keyframe ? SIMPLE_BLOCK_KEYFRAME : 0;
      end = writeBlockHeader(slab, end, ID.simpleBlock, size, kind, time, flags);
    } else {
      end = slab.writeUInt8(ID.blockGroup, end);
      end = writeSize4(slab, end, SIMPLE_BLOCK_BYTES + size + trailerBytes);
      end = writeBlockHeader(slab, end, ID.block, size, kind, time, 0);
    }
    buffers.push(slab.subarray(start, end), ...parts);
    start = end;
    time += duration;
  }
  end = slab.writeUInt16BE((ID.blockDuration << 8) | 0x84, end);
  end = slab.writeUInt32BE(samples[last]!.duration, end);
  // The referenced block is unknown here: 0 means that, and that the block cannot be decoded on its
  // own (§5.1.3.5.5).
  if (!isLastKeyframe) slab.writeUIntBE((ID.referenceBlock << 16) | 0x8100, end, 3);
  buffers.push(slab.subarray(start));
  return { buffers, byteLength, baseTimeOffset: BASE_TIME_OFFSET };
}

function writeBlockHeader(
  bytes: Buffer,
  start: number,
  id: number,
  size: number,
  kind: TrackKind,
  time: number,
  flags: number,
): number {
  let at = bytes.writeUInt8(id, start);
  at = writeSize4(bytes, at, BLOCK_HEADER_BYTES + size);
  at = bytes.writeUInt8(0x80 | TRACK_NUMBER[kind], at);
  at = bytes.writeInt16BE(time, at);
  return bytes.writeUInt8(flags, at);
}
