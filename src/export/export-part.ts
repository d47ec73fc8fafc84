import type { TrackKind } from '../media/access-unit.ts';
import type { RangeSegment } from '../playback/recorded-range.ts';

/**
 * Bytes of an export: a part of a recorded file, what is made for it, or what is divided into such parts only
 * when it is read.
 */
export type ExportPart =
  | { kind: TrackKind; segment: RangeSegment; offset: number; byteLength: number }
  | { data: Buffer; byteLength: number }
  | { expand(): ExportPart[]; byteLength: number };
