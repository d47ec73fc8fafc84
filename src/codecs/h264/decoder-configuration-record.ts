import { parseSequenceParameterSet } from './sps.ts';

/** Profiles whose record ends with the picture parameter sets (ISO/IEC 14496-15 §5.3.3.1.2). */
const PROFILES_WITHOUT_EXTENSION = new Set([66, 77, 88]);

/** Content of an AVCDecoderConfigurationRecord. */
export interface AvcRecord {
  /** Codecs string (RFC 6381). */
  codecString: string;
  /** Parameter set NAL units, as far as the record is complete. */
  sps: Buffer[];
  pps: Buffer[];
}

/**
 * AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1.2) with 4-byte NAL lengths.
 * @param sps 1 to 31 sequence parameter sets
 * @param pps 1 to 255 picture parameter sets
 * @throws RangeError for other counts, and for damaged or oversized sets
 */
export function avcDecoderConfigurationRecord(
  sps: readonly Buffer[],
  pps: readonly Buffer[],
): Buffer {
  const first = sps[0];
  const parsed = first && parseSequenceParameterSet(first);
  if (first === undefined || parsed === undefined || sps.length > 31) {
    throw new RangeError('an H264 configuration needs 1 to 31 valid sequence parameter sets');
  }
  if (pps.length < 1 || pps.length > 255) {
    throw new RangeError('an H264 configuration needs 1 to 255 picture parameter sets');
  }
  const parts: Buffer[] = [
    Buffer.from([1, first[1]!, first[2]!, first[3]!, 0xff, 0xe0 | sps.length]),
  ];
  for (const nal of sps) parts.push(uint16(nal.length), nal);
  parts.push(Buffer.from([pps.length]));
  for (const nal of pps) parts.push(uint16(nal.length), nal);
  if (!PROFILES_WITHOUT_EXTENSION.has(first[1]!)) {
    parts.push(
      Buffer.from([
        0xfc | parsed.chromaFormat,
        0xf8 | (parsed.lumaBitDepth - 8),
        0xf8 | (parsed.chromaBitDepth - 8),
        0, // numOfSequenceParameterSetExt
      ]),
    );
  }
  return Buffer.concat(parts);
}

/**
 * Parses such a record; the result lacks what was truncated.
 * @returns undefined if even profile and level are missing
 */
export function readAvcRecord(data: Buffer): AvcRecord | undefined {
  if (data.length < 4) return undefined;
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  const end = readSets(data, 5, 0x1f, sps);
  if (end !== undefined) readSets(data, end, 0xff, pps);
  return { codecString: `avc1.${data.toString('hex', 1, 4)}`, sps, pps };
}

/**
 * Parses a one-byte count and that many parameter sets with their lengths.
 * @returns the offset after them; undefined if they exceed the record
 */
function readSets(
  data: Buffer,
  offset: number,
  countMask: number,
  sets: Buffer[],
): number | undefined {
  let at = offset + 1;
  for (let left = (data[offset] ?? 0) & countMask; left > 0; left--) {
    if (at + 2 > data.length) return undefined;
    const end = at + 2 + data.readUInt16BE(at);
    if (end > data.length) return undefined;
    sets.push(data.subarray(at + 2, end));
    at = end;
  }
  return at;
}

function uint16(value: number): Buffer {
  if (value > 0xffff) throw new RangeError(`parameter set of ${value} bytes does not fit 16 bits`);
  return Buffer.from([value >> 8, value & 0xff]);
}
