import type { TrackKind } from '../../media/access-unit.ts';
import type { Sample } from '../../media/sample.ts';
import { type Element, writeSize4 } from './ebml.ts';
import { ID } from './element-id.ts';
import { TRACK_NUMBER } from './track.ts';

/** Start of the payload; the track's number follows. */
const MARK = Buffer.from('run', 'latin1');
const HEAD_BYTES = 5;
const MARK_BYTES = 4;
const ENTRY_BYTES = 8;
const KEYFRAME = 0x8000_0000;

/** Maximum duration of a sample, ms. */
export const MOST_DURATION = 0x7fff_ffff;

/** The table of a cluster. Times are ms. */
export interface SampleTable {
  kind: TrackKind;
  sizes: number[];
  durations: number[];
  /** Indexes of the samples that are keyframes. */
  keyframes: number[];
}

/** Size of the whole element, bytes. */
export function sampleTableBytes(sampleCount: number): number {
  return HEAD_BYTES + MARK_BYTES + ENTRY_BYTES * sampleCount;
}

/**
 * Writes a Void element (RFC 8794 §11.3.2) with size, duration and kind of each sample of its
 * cluster. Players skip it. The blocks contain the same information, each before its payload; but
 * to index or repair many hours of recordings, each block would have to be read separately.
 * @returns the offset after it
 */
export function writeSampleTable(
  bytes: Buffer,
  start: number,
  kind: TrackKind,
  samples: readonly Sample[],
  sizes: readonly number[],
): number {
  let at = bytes.writeUInt8(ID.void, start);
  at = writeSize4(bytes, at, sampleTableBytes(samples.length) - HEAD_BYTES);
  at += MARK.copy(bytes, at);
  at = bytes.writeUInt8(TRACK_NUMBER[kind], at);
  for (let i = 0; i < samples.length; i++) {
    const { duration, keyframe } = samples[i]!;
    at = bytes.writeUInt32BE(sizes[i]!, at);
    at = bytes.writeUInt32BE((keyframe ? KEYFRAME : 0) + duration, at);
  }
  return at;
}

/** Parses the payload of such an element; undefined for any other. */
export function readSampleTable(bytes: Buffer, { start, end }: Element): SampleTable | undefined {
  const count = (end - start - MARK_BYTES) / ENTRY_BYTES;
  if (!(count >= 1) || !Number.isInteger(count)) return undefined;
  if (MARK.compare(bytes, start, start + MARK.length) !== 0) return undefined;
  const track = bytes[start + MARK.length];
  if (track !== TRACK_NUMBER.video && track !== TRACK_NUMBER.audio) return undefined;
  const kind = track === TRACK_NUMBER.video ? 'video' : 'audio';
  const table: SampleTable = { kind, sizes: [], durations: [], keyframes: [] };
  for (let at = start + MARK_BYTES, i = 0; i < count; at += ENTRY_BYTES, i++) {
    const second = bytes.readUInt32BE(at + 4);
    table.sizes.push(bytes.readUInt32BE(at));
    table.durations.push(second & MOST_DURATION);
    if (second >= KEYFRAME) table.keyframes.push(i);
  }
  return table;
}
