import type { ProbedStream } from './probe.ts';

/** `general_profile_idc` and compatibility flags of H265, reversed (ISO/IEC 14496-15 §E.3). */
const HEVC_PROFILES: Record<string, string> = { Main: '1.6', 'Main 10': '2.4' };
const AVC_PROFILES: Record<string, number> = {
  Baseline: 66,
  'Constrained Baseline': 66,
  Main: 77,
  High: 100,
};
const AV1_PROFILES: Record<string, number> = { Main: 0, High: 1, Professional: 2 };

/**
 * What the RFC 6381 codecs string of a stream has to be, made of what ffprobe says of its profile, level
 * and bit depth.
 * @throws Error for a stream of which it says none
 */
export function expectedCodecString(stream: ProbedStream): RegExp {
  const { codecName, profile = '', level = -1, pixelFormat = '' } = stream;
  const depth = pixelFormat.includes('10') ? 10 : 8;
  const two = (value: number, radix = 10) => value.toString(radix).padStart(2, '0');
  const known = <T>(table: Record<string, T>): T => {
    if (table[profile] === undefined) throw new Error(`ffprobe says ${JSON.stringify(stream)}`);
    return table[profile];
  };
  switch (codecName) {
    case 'h264':
      return RegExp(`^avc1\\.${two(known(AVC_PROFILES), 16)}[0-9a-f]{2}${two(level, 16)}$`);
    case 'hevc':
      return RegExp(`^hvc1\\.${known(HEVC_PROFILES)}\\.L${level}(\\.[0-9A-F]{1,2})*$`);
    case 'av1':
      return RegExp(`^av01\\.${known(AV1_PROFILES)}\\.${two(level)}M\\.${two(depth)}$`);
    case 'vp9':
      // A VP9 stream has no level, and ffprobe says -99.
      return RegExp(`^vp09\\.${two(Number(profile.split(' ')[1]))}\\.\\d\\d\\.${two(depth)}$`);
    default:
      return RegExp(`^${codecName}$`);
  }
}
