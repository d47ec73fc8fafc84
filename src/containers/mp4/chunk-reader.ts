import type { ByteSource } from '../../files/byte-source.ts';
import type { ChunkFacts, SegmentChunks } from '../chunk-facts.ts';
import { boxHeader, findBox, LONGEST_BOX_HEADER_BYTES } from './box.ts';
import { TRACK_ID } from './chunk.ts';

// Includes the moof of a second of video and the following mdat header, so that one read is enough.
const READ_AHEAD_BYTES = 4096;
// A moof has at most 16 bytes per sample: a larger one is not ours.
const MAX_MOOF_BYTES = 16 * 1024 * 1024;

/**
 * Walks a segment file to repair or index it, reading only headers. Damaged input is never an
 * error: the walk ends before the first chunk that is truncated, inconsistent, or not written by
 * `writeChunk`. Other complete boxes (`ftyp`, `moov`, `styp`, `free`) are skipped.
 *
 * @param size number of bytes to read
 * @throws what reading the file throws
 */
export async function readChunks(handle: ByteSource, size: number): Promise<SegmentChunks> {
  const chunks: ChunkFacts[] = [];
  let validLength = 0;
  let problem: string | undefined;
  let offset = 0;
  let buffer = Buffer.allocUnsafe(READ_AHEAD_BYTES);
  /** Offset of the buffer in the file, and the number of valid bytes in it. */
  let start = 0;
  let filled = 0;
  while (offset + 8 <= size) {
    let at = offset - start;
    if (at + LONGEST_BOX_HEADER_BYTES > filled) {
      filled = await readFully(handle, buffer, offset);
      start = offset;
      at = 0;
    }
    const header = boxHeader(buffer, at, filled);
    if (header === undefined) {
      problem = 'there is no valid box header';
      break;
    }
    if (offset + header.size > size) {
      problem = `a box of ${header.size} bytes is cut short`;
      break;
    }
    if (header.type !== 'moof') {
      // A payload without its moof cannot be played, and nothing valid follows it.
      if (header.type === 'mdat' || !PASSED_OVER.has(header.type)) {
        problem = 'a moof is missing';
        break;
      }
      offset += header.size;
      continue;
    }
    const moofBytes = header.size;
    if (moofBytes > MAX_MOOF_BYTES) {
      problem = `a moof of ${moofBytes} bytes was not written by this recorder`;
      break;
    }
    if (at + moofBytes + LONGEST_BOX_HEADER_BYTES > filled && offset + filled - at < size) {
      if (moofBytes + LONGEST_BOX_HEADER_BYTES > buffer.length) {
        buffer = Buffer.allocUnsafe(moofBytes + LONGEST_BOX_HEADER_BYTES);
      }
      filled = await readFully(handle, buffer, offset);
      start = offset;
      at = 0;
    }
    const mdat = boxHeader(buffer, at + moofBytes, filled);
    const byteLength = moofBytes + (mdat?.size ?? 0);
    if (mdat === undefined || mdat.type !== 'mdat') {
      problem = 'a moof is not followed by its mdat';
      break;
    }
    if (offset + byteLength > size) {
      problem = `an mdat of ${mdat.size} bytes is cut short`;
      break;
    }
    const facts = readMovieFragment(buffer.subarray(at, at + moofBytes));
    if (facts === undefined) {
      problem = 'the boxes of a moof are damaged';
      break;
    }
    if (
      facts.payloadBytes !== mdat.size - mdat.headerSize ||
      facts.dataOffset !== moofBytes + mdat.headerSize
    ) {
      problem = 'the sample sizes of a moof do not fill its mdat';
      break;
    }
    chunks.push({
      offset,
      byteLength,
      baseTimeOffset: offset + facts.baseTimeOffset,
      startTime: facts.startTime,
      duration: facts.duration,
      ...(facts.compositionOffsets && { compositionOffsets: facts.compositionOffsets }),
      sampleCount: facts.sampleSizes.length,
      sampleSizes: facts.sampleSizes,
      sampleDurations: facts.sampleDurations,
      sampleOffsets: facts.sampleOffsets.map((inChunk) => offset + inChunk),
      keyframes: facts.keyframes,
      keyframeTimes: facts.keyframeTimes,
    });
    offset += byteLength;
    validLength = offset;
  }
  if (problem === undefined && offset !== size) problem = 'a few bytes too many';
  return { chunks, validLength, ...(problem !== undefined && { problem }) };
}

const PASSED_OVER = new Set(['ftyp', 'moov', 'styp', 'sidx', 'free', 'skip', 'prft', 'emsg']);

/** Reads until the buffer is full or the file ends; a single `read` may return less. */
async function readFully(handle: ByteSource, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(
      buffer,
      filled,
      buffer.length - filled,
      position + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

interface FragmentFacts {
  baseTimeOffset: number;
  startTime: number;
  duration: number;
  compositionOffsets: number[] | undefined;
  sampleSizes: number[];
  sampleDurations: number[];
  /** From the beginning of the `moof`. */
  sampleOffsets: number[];
  keyframes: number[];
  keyframeTimes: number[];
  payloadBytes: number;
  dataOffset: number;
}

/**
 * Parses a `moof` in the format of `writeChunk`: one `traf` with one `tfhd`, `tfdt` and `trun`
 * (ISO/IEC 14496-12 §8.8.4–8.8.12). The library's parser is not used, because it trusts counts.
 */
function readMovieFragment(moof: Buffer): FragmentFacts | undefined {
  const traf = findBox(moof, 8, moof.length, 'traf');
  if (traf === undefined) return undefined;
  const tfhd = findBox(moof, traf.start, traf.end, 'tfhd');
  const tfdt = findBox(moof, traf.start, traf.end, 'tfdt');
  const trun = findBox(moof, traf.start, traf.end, 'trun');
  if (tfhd === undefined || tfdt === undefined || trun === undefined) return undefined;
  if (tfhd.end - tfhd.start !== 12 || tfdt.end - tfdt.start !== 12) return undefined;
  if (moof.readUInt32BE(tfhd.start) !== 0x02_0020 || moof[tfdt.start] !== 1) return undefined;
  if (moof.readUInt32BE(tfhd.start + 4) !== TRACK_ID) return undefined;
  const defaultIsKeyframe = isSync(moof.readUInt32BE(tfhd.start + 8));
  const baseTimeOffset = tfdt.start + 4;
  const startTime =
    moof.readUInt32BE(baseTimeOffset) * 2 ** 32 + moof.readUInt32BE(baseTimeOffset + 4);
  if (!Number.isSafeInteger(startTime)) return undefined;

  if (trun.end - trun.start < 12) return undefined;
  const flags = moof.readUInt32BE(trun.start) & 0xff_ffff;
  const withFirstFlags = (flags & 0x4) !== 0;
  const withFlags = (flags & 0x400) !== 0;
  const withOffsets = (flags & 0x800) !== 0;
  if ((flags & ~0xc04) !== 0x301 || (withFirstFlags && withFlags)) return undefined;
  const sampleCount = moof.readUInt32BE(trun.start + 4);
  const stride = 8 + (withFlags ? 4 : 0) + (withOffsets ? 4 : 0);
  let at = trun.start + (withFirstFlags ? 16 : 12);
  if (sampleCount === 0 || trun.end - at !== sampleCount * stride) return undefined;
  const dataOffset = moof.readInt32BE(trun.start + 8);
  const firstIsKeyframe = withFirstFlags
    ? isSync(moof.readUInt32BE(trun.start + 12))
    : defaultIsKeyframe;

  const keyframes: number[] = [];
  const keyframeTimes: number[] = [];
  const sampleSizes: number[] = [];
  const sampleDurations: number[] = [];
  const sampleOffsets: number[] = [];
  const compositionOffsets: number[] | undefined = withOffsets ? [] : undefined;
  const isSigned = moof[trun.start] !== 0;
  let duration = 0;
  let payloadBytes = 0;
  for (let i = 0; i < sampleCount; i++, at += stride) {
    if (!defaultIsKeyframe) {
      const keyframe = withFlags ? isSync(moof.readUInt32BE(at + 8)) : i === 0 && firstIsKeyframe;
      if (keyframe) {
        keyframes.push(i);
        keyframeTimes.push(startTime + duration);
      }
    }
    sampleDurations.push(moof.readUInt32BE(at));
    duration += sampleDurations[i]!;
    const size = moof.readUInt32BE(at + 4);
    sampleSizes.push(size);
    sampleOffsets.push(dataOffset + payloadBytes);
    if (compositionOffsets !== undefined) {
      const offsetAt = at + stride - 4;
      compositionOffsets.push(isSigned ? moof.readInt32BE(offsetAt) : moof.readUInt32BE(offsetAt));
    }
    payloadBytes += size;
  }
  return {
    baseTimeOffset,
    startTime,
    duration,
    compositionOffsets,
    sampleSizes,
    sampleDurations,
    sampleOffsets,
    keyframes,
    keyframeTimes,
    payloadBytes,
    dataOffset,
  };
}

/** sample_is_non_sync_sample (§8.8.3.1) is not set. */
function isSync(sampleFlags: number): boolean {
  return (sampleFlags & 0x1_0000) === 0;
}
