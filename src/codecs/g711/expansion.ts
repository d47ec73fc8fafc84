/** How G.711 makes a byte of a sample: as in North America and Japan, or as elsewhere. */
export type Law = 'mu' | 'a';

/**
 * The 16-bit samples that all bytes stand for (ITU-T G.711 §3, tables 1 and 2), the highest bits first as in linear
 * PCM of 16 bits: those of µ-law are multiples of 4 and those of A-law of 8. Two bytes of µ-law mean 0;
 * else no two mean the same.
 */
export const EXPANSION: Readonly<Record<Law, Int16Array>> = {
  mu: Int16Array.from({ length: 256 }, (_, byte) => expandMu(byte)),
  a: Int16Array.from({ length: 256 }, (_, byte) => expandA(byte)),
};

/** All bits are inverted; then sign, chord and step. */
function expandMu(byte: number): number {
  const code = byte ^ 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 132) << ((code >> 4) & 7)) - 132;
  return code & 0x80 ? -magnitude : magnitude;
}

/** Every other bit is inverted; a sign of 1 is positive. */
function expandA(byte: number): number {
  const code = byte ^ 0x55;
  const chord = (code >> 4) & 7;
  const step = ((code & 0x0f) << 4) + 8;
  const magnitude = chord === 0 ? step : (step + 256) << (chord - 1);
  return code & 0x80 ? magnitude : -magnitude;
}
