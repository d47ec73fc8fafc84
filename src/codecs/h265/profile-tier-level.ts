import type { BitReader } from '../bit-reader.ts';

/** Requirements for a decoder: profile_tier_level() (ITU-T H.265 §7.3.3). */
export interface ProfileTierLevel {
  /** general_profile_space, 0–3. */
  profileSpace: number;
  /** general_tier_flag: 0 Main, 1 High. */
  tier: number;
  /** general_profile_idc, 0–31: 1 Main, 2 Main 10. */
  profile: number;
  /** general_profile_compatibility_flags, 32 bits, that of profile 0 the highest. */
  compatibility: number;
  /** general_progressive_source_flag to general_inbld_flag: 6 bytes. */
  constraints: Buffer;
  /** general_level_idc: 30 times the level. */
  level: number;
}

/** Reads profile_tier_level(1, maxSubLayersMinus1). */
export function readProfileTierLevel(
  bits: BitReader,
  maxSubLayersMinus1: number,
): ProfileTierLevel {
  const profileSpace = bits.read(2);
  const tier = bits.read(1);
  const profile = bits.read(5);
  const compatibility = bits.read(32);
  const constraints = Buffer.from([0, 1, 2, 3, 4, 5].map(() => bits.read(8)));
  const level = bits.read(8);
  const hasProfile: boolean[] = [];
  const hasLevel: boolean[] = [];
  for (let layer = 0; layer < maxSubLayersMinus1; layer++) {
    hasProfile.push(bits.read(1) === 1);
    hasLevel.push(bits.read(1) === 1);
  }
  // reserved_zero_2bits for the layers up to the eighth, if there are any.
  if (maxSubLayersMinus1 > 0) bits.skip(2 * (8 - maxSubLayersMinus1));
  for (let layer = 0; layer < maxSubLayersMinus1; layer++) {
    if (hasProfile[layer]) for (let byte = 0; byte < 11; byte++) bits.skip(8);
    if (hasLevel[layer]) bits.skip(8);
  }
  return { profileSpace, tier, profile, compatibility, constraints, level };
}

/**
 * Codecs string of an `hvc1` track (ISO/IEC 14496-15 annex E): profile, compatibility flags in
 * reverse order, tier and level, and the constraint bytes up to the last one that is not 0.
 */
export function codecString(description: ProfileTierLevel): string {
  const { profileSpace, profile, compatibility, tier, level, constraints } = description;
  const space = ['', 'A', 'B', 'C'][profileSpace]!;
  const bytes = [...constraints];
  while (bytes.at(-1) === 0) bytes.pop();
  const hexadecimal = (value: number) => value.toString(16).toUpperCase();
  return [
    'hvc1',
    `${space}${profile}`,
    hexadecimal(reversed(compatibility)),
    `${tier === 0 ? 'L' : 'H'}${level}`,
    ...bytes.map(hexadecimal),
  ].join('.');
}

/** 32 bits in reverse order. */
function reversed(value: number): number {
  let result = 0;
  for (let bit = 0; bit < 32; bit++) result = result * 2 + ((value >>> bit) & 1);
  return result;
}
