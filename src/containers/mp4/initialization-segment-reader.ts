import type { TrackFacts } from '../container.ts';
import { type Box, boxes, findBox } from './box.ts';

/** Boxes that hold only boxes, one in the other down to the sample description (ISO/IEC 14496-12 §8). */
const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/**
 * Reads back what `initializationSegment` wrote, to take up segments whose manifest entry a crash has
 * lost.
 * @returns undefined for anything else
 */
export function readInitializationSegment(data: Buffer): TrackFacts | undefined {
  let timescale: number | undefined;
  let compositionDelay: number | undefined;
  let entry: Box | undefined;
  const walk = (start: number, end: number, depth: number): void => {
    for (const box of boxes(data, start, end)) {
      // By its level: boxes of one type within each other could be as deep as the file is long.
      if (box.type === CONTAINERS[depth]) walk(box.start, box.end, depth + 1);
      else if (box.type === 'mdhd' && box.end - box.start >= 24) {
        timescale = data.readUInt32BE(box.start + 12);
      } else if (box.type === 'edts' && depth === 2) {
        const elst = findBox(data, box.start, box.end, 'elst');
        if (elst && elst.end - elst.start === 20)
          compositionDelay = data.readInt32BE(elst.start + 12);
      } else if (box.type === 'stsd') {
        [entry] = boxes(data, box.start + 8, box.end);
      }
    }
  };
  walk(0, data.length, 0);
  if (timescale === undefined || entry === undefined) return undefined;
  const { type, start, end } = entry;
  if (type === 'avc1' && end - start > 78) {
    const avcC = findBox(data, start + 78, end, 'avcC');
    if (avcC === undefined || avcC.end - avcC.start < 4) return undefined;
    return {
      kind: 'video',
      codecs: `avc1.${data.toString('hex', avcC.start + 1, avcC.start + 4)}`,
      timescale,
      width: data.readUInt16BE(start + 24),
      height: data.readUInt16BE(start + 26),
      ...(compositionDelay !== undefined && { compositionDelay }),
    };
  }
  if (type === 'Opus' && end - start > 28) {
    return { kind: 'audio', codecs: 'opus', timescale, channels: data.readUInt16BE(start + 16) };
  }
  return undefined;
}

/**
 * The first sequence parameter set of an H264 initialization segment: a NAL unit.
 * @returns undefined where there is none
 */
export function readSequenceParameterSet(data: Buffer): Buffer | undefined {
  // avcC: six bytes, then the length of the first (ISO/IEC 14496-15 §5.3.3.1.2).
  const at = data.indexOf('avcC', 0, 'latin1') + 10;
  if (at < 10 || at + 2 > data.length) return undefined;
  const length = data.readUInt16BE(at);
  return at + 2 + length <= data.length ? data.subarray(at + 2, at + 2 + length) : undefined;
}
