import { TRACK_ID } from './chunk.ts';

/** Where bytes are read from: a file's handle, or an object of a store. */
export interface ByteSource {
  /**
   * Reads into a buffer what there is at a place, as `FileHandle.read` does.
   * @returns how many bytes came; 0 at the end
   */
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
}

/** What the headers of one chunk (`moof` and `mdat`) in a segment file say. */
export interface ChunkFacts {
  /** Byte offset of the `moof` in the file. */
  offset: number;
  /** Bytes of `moof` and `mdat` together. */
  byteLength: number;
  /** Byte offset of the 64-bit baseMediaDecodeTime in the file. */
  baseTimeOffset: number;
  /** Decode time of the first sample, ticks at the track's timescale. */
  startTime: number;
  /** Sum of the samples' durations, ticks. */
  duration: number;
  /**
   * How much later than its decode time each sample is shown, ticks, the track's composition delay
   * included; undefined where no sample is shown at another time.
   */
  compositionOffsets?: number[];
  sampleCount: number;
  /** Bytes of each sample, in the order in which they stand in the `mdat`. */
  sampleSizes: number[];
  /** Byte offset in the file of the first sample. */
  payloadOffset: number;
  /** Places among the samples where decoding can start; empty where all samples are such (audio). */
  keyframes: number[];
  /**
   * Decode times of the samples where decoding can start, ticks, which are also when they are shown;
   * empty where all samples are such (audio).
   */
  keyframeTimes: number[];
}

// Covers the moof of a second of video and the mdat header after it, so that one read is enough.
const READ_AHEAD_BYTES = 4096;
/** A header with a 64-bit size. */
const LONGEST_HEADER_BYTES = 16;
// A moof has 16 bytes a sample at most: beyond this it is not one of ours.
const MAX_MOOF_BYTES = 16 * 1024 * 1024;

/**
 * Walks an existing segment file to repair it or to index it anew. Reads headers only, no payload.
 * Damaged input is never an error: the walk ends before the first chunk that is cut short, does
 * not fit its own headers, or was not written by `writeChunk`. Other whole boxes on the way (`ftyp`,
 * `moov`, `styp`, `free`) are passed over.
 *
 * @param size bytes of the file to look at
 * @returns the whole chunks; `validLength`, the bytes up to the end of the last of them; and where
 * that is not the end of the file, `problem`, what is wrong there
 * @throws what reading the file throws
 */
export async function readChunks(
  handle: ByteSource,
  size: number,
): Promise<{ chunks: ChunkFacts[]; validLength: number; problem?: string }> {
  const chunks: ChunkFacts[] = [];
  let validLength = 0;
  let problem: string | undefined;
  let offset = 0;
  let buffer = Buffer.allocUnsafe(READ_AHEAD_BYTES);
  /** Where in the file the buffer begins, and how many bytes of it are filled. */
  let start = 0;
  let filled = 0;
  while (offset + 8 <= size) {
    let at = offset - start;
    if (at + LONGEST_HEADER_BYTES > filled) {
      filled = await readFully(handle, buffer, offset);
      start = offset;
      at = 0;
    }
    const header = boxHeader(buffer, at, filled);
    if (header === undefined) {
      problem = 'what should be a box has no sane header';
      break;
    }
    if (offset + header.size > size) {
      problem = `a box of ${header.size} bytes is cut short`;
      break;
    }
    if (header.type !== 'moof') {
      // A payload without its moof cannot be played: there is nothing sane behind it.
      if (header.type === 'mdat' || !PASSED_OVER.has(header.type)) {
        problem = 'a moof is missing';
        break;
      }
      offset += header.size;
      continue;
    }
    const moofBytes = header.size;
    if (moofBytes > MAX_MOOF_BYTES) {
      problem = `a moof of ${moofBytes} bytes is not one of ours`;
      break;
    }
    if (at + moofBytes + LONGEST_HEADER_BYTES > filled && offset + filled - at < size) {
      if (moofBytes + LONGEST_HEADER_BYTES > buffer.length) {
        buffer = Buffer.allocUnsafe(moofBytes + LONGEST_HEADER_BYTES);
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
      payloadOffset: offset + facts.dataOffset,
      keyframes: facts.keyframes,
      keyframeTimes: facts.keyframeTimes,
    });
    offset += byteLength;
    validLength = offset;
  }
  if (problem === undefined && offset !== size) problem = 'a few bytes too many';
  return { chunks, validLength, ...(problem !== undefined && { problem }) };
}

/**
 * What composition offsets of a track have been raised by, as a chunk that begins with a keyframe tells:
 * that one is shown at its decode time.
 * @returns ticks; undefined where it does not begin with one
 */
export function compositionDelayOf(chunk: ChunkFacts): number | undefined {
  return chunk.keyframes[0] === 0 ? (chunk.compositionOffsets?.[0] ?? 0) : undefined;
}

const PASSED_OVER = new Set(['ftyp', 'moov', 'styp', 'sidx', 'free', 'skip', 'prft', 'emsg']);

/** Reads until the buffer is full or the file ends; one `read` may give less. */
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

interface BoxHeader {
  type: string;
  /** Bytes of the whole box, header included. */
  size: number;
  /** 8, or 16 with a 64-bit size. */
  headerSize: number;
}

/** ISO/IEC 14496-12 §4.2; undefined where there is no sane header between `at` and `end`. */
function boxHeader(bytes: Buffer, at: number, end: number): BoxHeader | undefined {
  if (at + 8 > end) return undefined;
  let size = bytes.readUInt32BE(at);
  let headerSize = 8;
  if (size === 1) {
    if (at + 16 > end) return undefined;
    headerSize = 16;
    size = bytes.readUInt32BE(at + 8) * 2 ** 32 + bytes.readUInt32BE(at + 12);
  }
  if (size < headerSize || !Number.isSafeInteger(size)) return undefined;
  return { type: bytes.toString('latin1', at + 4, at + 8), size, headerSize };
}

interface FragmentFacts {
  baseTimeOffset: number;
  startTime: number;
  duration: number;
  compositionOffsets: number[] | undefined;
  sampleSizes: number[];
  keyframes: number[];
  keyframeTimes: number[];
  payloadBytes: number;
  dataOffset: number;
}

/**
 * Reads a `moof` as `writeChunk` writes it: one `traf` with one `tfhd`, `tfdt` and `trun`
 * (ISO/IEC 14496-12 §8.8.4–8.8.12). Own code because the library's reader believes counts.
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
    duration += moof.readUInt32BE(at);
    const size = moof.readUInt32BE(at + 4);
    sampleSizes.push(size);
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

/** Bounds of the payload of the first box of a type between two offsets. */
function findBox(
  bytes: Buffer,
  from: number,
  to: number,
  type: string,
): { start: number; end: number } | undefined {
  for (let at = from; at < to; ) {
    const header = boxHeader(bytes, at, to);
    if (header === undefined || at + header.size > to) return undefined;
    if (header.type === type) return { start: at + header.headerSize, end: at + header.size };
    at += header.size;
  }
  return undefined;
}
