import { isIrap, typeOf } from './nal-unit.ts';

const NAL_LENGTH_BYTES = 4;
const HEADER_BYTES = 2;
/** Maximum NAL unit type outside RTP that is not unspecified (ITU-T H.265 table 7-1). */
const HIGHEST_TYPE = 47;

/**
 * Checks a sample of NAL units with four-byte lengths (ISO/IEC 14496-15 §8.3.2).
 * @param keyframe whether the container marks it as a sync sample
 * @returns what is wrong, or undefined
 */
export function h265SampleProblem(sample: Buffer, keyframe: boolean): string | undefined {
  let hasIrap = false;
  let at = 0;
  while (at < sample.length) {
    if (at + NAL_LENGTH_BYTES >= sample.length) return 'ends inside a NAL unit';
    const length = sample.readUInt32BE(at);
    at += NAL_LENGTH_BYTES;
    if (length < HEADER_BYTES || at + length > sample.length) {
      return `has a NAL unit of ${length} bytes where ${sample.length - at} are left`;
    }
    const header = sample.readUInt16BE(at);
    const type = typeOf(sample[at]!);
    // forbidden_zero_bit, nal_unit_type and nuh_temporal_id_plus1 (§7.4.2.2).
    if (header >= 0x8000 || type > HIGHEST_TYPE || (header & 7) === 0) {
      return `has a NAL unit that begins with 0x${header.toString(16).padStart(4, '0')}`;
    }
    if (isIrap(type)) hasIrap = true;
    at += length;
  }
  if (keyframe && !hasIrap) return 'is flagged as a keyframe, but is not one';
  return hasIrap && !keyframe ? 'is a keyframe, but not flagged as one' : undefined;
}
