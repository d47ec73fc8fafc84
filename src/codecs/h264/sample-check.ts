const NAL_LENGTH_BYTES = 4;
const NAL_IDR = 5;
/** Maximum type of a single NAL unit (RFC 6184 §5.2); higher types only occur in RTP. */
const NAL_HIGHEST = 23;

/**
 * Checks a sample of NAL units with four-byte lengths (ISO/IEC 14496-15 §5.3.4.2).
 * @param keyframe whether the container marks it as a sync sample
 * @returns what is wrong, or undefined
 */
export function h264SampleProblem(sample: Buffer, keyframe: boolean): string | undefined {
  let hasIdr = false;
  let at = 0;
  while (at < sample.length) {
    if (at + NAL_LENGTH_BYTES >= sample.length) return 'ends inside a NAL unit';
    const length = sample.readUInt32BE(at);
    at += NAL_LENGTH_BYTES;
    if (length === 0 || at + length > sample.length) {
      return `has a NAL unit of ${length} bytes where ${sample.length - at} are left`;
    }
    const header = sample[at]!;
    const type = header & 0x1f;
    // forbidden_zero_bit and nal_unit_type (ITU-T H.264 §7.4.1).
    if (header >= 0x80 || type === 0 || type > NAL_HIGHEST) {
      return `has a NAL unit that begins with 0x${header.toString(16).padStart(2, '0')}`;
    }
    if (type === NAL_IDR) hasIdr = true;
    at += length;
  }
  if (keyframe && !hasIdr) return 'is flagged as a keyframe, but is not one';
  if (hasIdr && !keyframe) return 'is a keyframe, but not flagged as one';
  return undefined;
}

/** The NAL units of a sample that passes {@link h264SampleProblem}. */
export function nalUnitsOf(sample: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at < sample.length; ) {
    const start = at + NAL_LENGTH_BYTES;
    at = start + sample.readUInt32BE(at);
    units.push(sample.subarray(start, at));
  }
  return units;
}
