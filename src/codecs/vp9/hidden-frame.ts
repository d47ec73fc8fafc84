import type { BitReader } from '../bit-reader.ts';
import { leadingBytes } from '../leading-bytes.ts';
import { type FrameHeader, LOOKED_AT_BYTES, readFrameHeader } from './frame-header.ts';

/** A frame of a spatial layer in pieces. */
export interface FrameInPieces {
  spatialId: number;
  parts: Buffer[];
  bytes: number;
}

/**
 * Notes how wide the frames of a spatial layer are, where one says it. Most say that they are as wide as
 * those they refer to.
 *
 * @param widths of the spatial layers, as far as they are known
 */
export function noteWidth({ spatialId, parts }: FrameInPieces, widths: number[]): void {
  const size = readFrameHeader(leadingBytes(parts, LOOKED_AT_BYTES))?.size;
  if (size !== undefined) widths[spatialId] = size.width;
}

/**
 * Makes a frame one that is not shown. Senders mark the frames of all spatial layers as shown, and mean
 * the highest; in a superframe one alone may be (VP9 bitstream specification, annex B), and decoders
 * that go by it would show each. A header that makes no sense, and one that shows a frame which was
 * decoded before, are left as they are.
 *
 * @param frame is changed, its pieces are not
 * @param widths known widths of the spatial layers; is added to
 */
export function hiddenFrame(frame: FrameInPieces, widths: number[]): void {
  const start = leadingBytes(frame.parts, LOOKED_AT_BYTES);
  const header = readFrameHeader(start);
  if (header === undefined || header.showsExisting || !header.isShown) return;
  if (header.size !== undefined) widths[frame.spatialId] = header.size.width;
  if (header.isKeyFrame) {
    replaceStart(frame, 2, withoutShowFrame(start.subarray(0, 2), header));
    return;
  }
  const width = widths[frame.spatialId];
  if (width === undefined) return;
  const headerBits = skipToEnd(header, width);
  if (header.bits.exhausted) return;
  const headerBytes = Math.ceil(headerBits / 8);
  const changed = insertZero(start, headerBits, header.intraOnlyAt);
  replaceStart(frame, headerBytes, withoutShowFrame(changed, header));
}

/** A copy with show_frame, two bits before the position of intra_only, set to 0. */
function withoutShowFrame(bytes: Buffer, { intraOnlyAt }: FrameHeader): Buffer {
  const result = Buffer.from(bytes);
  const at = intraOnlyAt - 2;
  result[at >> 3]! &= ~(0x80 >> (at & 7));
  return result;
}

/** The first `count` bits with a 0 inserted, padded with zeros to whole bytes. */
function insertZero(bytes: Buffer, count: number, at: number): Buffer {
  const result = Buffer.alloc(Math.ceil((count + 1) / 8));
  for (let from = 0; from < count; from++) {
    const bit = (bytes[from >> 3]! >> (7 - (from & 7))) & 1;
    const to = from < at ? from : from + 1;
    result[to >> 3]! |= bit << (7 - (to & 7));
  }
  return result;
}

/** Replaces the first bytes. */
function replaceStart(frame: FrameInPieces, length: number, replacement: Buffer): void {
  const parts = [replacement];
  let skipped = length;
  for (const part of frame.parts) {
    if (skipped < part.length) parts.push(part.subarray(skipped));
    skipped = Math.max(0, skipped - part.length);
  }
  frame.parts = parts;
  frame.bytes += replacement.length - length;
}

/**
 * Parses the rest of the uncompressed header of a frame that is not a key frame, from the frame
 * size on (§6.2).
 *
 * @returns size of the header, bits
 */
function skipToEnd({ bits, isErrorResilient }: FrameHeader, width: number): number {
  bits.skip(1); // allow_high_precision_mv
  if (bits.read(1) === 0) bits.skip(2); // raw_interpolation_filter
  if (!isErrorResilient) bits.skip(2); // refresh_frame_context, frame_parallel_decoding_mode
  bits.skip(2 + 9); // frame_context_idx, loop_filter_level, loop_filter_sharpness
  // loop_filter_ref_deltas and loop_filter_mode_deltas, if they are enabled and updated.
  if (bits.read(1) === 1 && bits.read(1) === 1) skipOptional(bits, 6, 7);
  bits.skip(8); // base_q_idx
  skipOptional(bits, 3, 5); // delta_q of luma DC, chroma DC and AC
  skipSegmentation(bits);
  skipTiles(bits, width);
  bits.skip(16); // header_size_in_bytes
  return bits.position;
}

/** Optional fields, each preceded by a bit for its presence. */
function skipOptional(bits: BitReader, count: number, length: number): void {
  for (let i = 0; i < count; i++) if (bits.read(1) === 1) bits.skip(length);
}

/** segmentation_params() (§6.2.11). */
function skipSegmentation(bits: BitReader): void {
  if (bits.read(1) === 0) return;
  if (bits.read(1) === 1) {
    skipOptional(bits, 7, 8);
    if (bits.read(1) === 1) skipOptional(bits, 3, 8);
  }
  if (bits.read(1) === 0) return;
  bits.skip(1); // segmentation_abs_or_delta_update
  for (let segment = 0; segment < 8; segment++) {
    // Quantizer, loop filter, reference, skip; the first two have a sign.
    for (const length of [9, 7, 2, 0]) skipOptional(bits, 1, length);
  }
}

/** tile_info() (§6.2.13): the number of columns between the minimum and the maximum for a width. */
function skipTiles(bits: BitReader, width: number): void {
  const superblocks = Math.ceil(width / 64);
  let fewest = 0;
  while (64 << fewest < superblocks) fewest++;
  let most = 1;
  while (superblocks >> most >= 4) most++;
  for (let columns = fewest; columns < most - 1 && bits.read(1) === 1; ) columns++;
  if (bits.read(1) === 1) bits.skip(1); // tile_rows_log2
}
