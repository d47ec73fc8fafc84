/**
 * Splits an H264 byte stream (ITU-T H.264 Annex B) into NAL units without start codes.
 * The results are views into `stream`.
 */
export function nalUnits(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let start = -1;
  for (let i = 0; i + 2 < stream.length; i++) {
    if (stream[i] !== 0 || stream[i + 1] !== 0 || stream[i + 2] !== 1) continue;
    if (start >= 0) units.push(withoutTrailingZeros(stream.subarray(start, i)));
    start = i + 3;
    i += 2;
  }
  if (start >= 0) units.push(withoutTrailingZeros(stream.subarray(start)));
  return units;
}

// A start code may be four bytes long; the first zero belongs to it and not to the unit before.
function withoutTrailingZeros(unit: Buffer): Buffer {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end--;
  return unit.subarray(0, end);
}

/** The `nal_unit_type` of a NAL unit (H.264 §7.3.1): 1 slice, 5 IDR slice, 7 SPS, 8 PPS. */
export function nalType(unit: Buffer): number {
  return unit[0]! & 0x1f;
}

/**
 * Groups NAL units into access units (H.264 §7.4.1.2.3): a new one begins with the first slice of a
 * picture (`first_mb_in_slice` is 0), or with a parameter set, SEI or delimiter before it.
 */
export function accessUnits(units: Buffer[]): Buffer[][] {
  const groups: Buffer[][] = [];
  let group: Buffer[] = [];
  let hasSlice = false;
  for (const unit of units) {
    const type = nalType(unit);
    const isSlice = type >= 1 && type <= 5;
    const beginsPicture = isSlice ? (unit[1]! & 0x80) !== 0 : type >= 6 && type <= 9;
    if (hasSlice && beginsPicture) {
      groups.push(group);
      group = [];
      hasSlice = false;
    }
    group.push(unit);
    hasSlice ||= isSlice;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
