/** Seconds from the NTP epoch (1900) to the Unix epoch (1970). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/**
 * Converts an NTP timestamp to µs since the Unix epoch, rounded to the nearest. Seconds below 2^31
 * count from 2036, when the 32 bits wrap (RFC 5905 §6).
 *
 * @param seconds 32 bits, since 1900
 * @param fraction 32 bits, in 1/2^32 s
 */
export function ntpToUnixUs(seconds: number, fraction: number): number {
  const sinceEpoch = seconds < 0x80000000 ? seconds + 0x100000000 : seconds;
  return (
    (sinceEpoch - NTP_TO_UNIX_SECONDS) * 1_000_000 + Math.round((fraction * 1_000_000) / 2 ** 32)
  );
}

/**
 * The middle 32 bits of an NTP timestamp, in 1/65536 s, as used in report blocks (RFC 3550 §6.4.1).
 */
export function ntpMiddle32(seconds: number, fraction: number): number {
  return ((seconds & 0xffff) * 0x10000 + (fraction >>> 16)) >>> 0;
}
