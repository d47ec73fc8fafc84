/** How much may wait for upload: bytes, or a share (0 to 1) of the disk's capacity. */
export type SpoolLimit = { bytes: number } | { share: number };

/** Format of {@link spoolLimitOf}: a number and a unit. */
export const SPOOL_LIMIT = /^\s*(\d+(?:\.\d+)?)\s*(%|B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*$/;

const UNITS: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/**
 * Parses `spool_max`.
 * @returns undefined if the text is no size, is zero, or exceeds the whole disk
 */
export function spoolLimitOf(text: string): SpoolLimit | undefined {
  const [, number, unit] = SPOOL_LIMIT.exec(text) ?? [];
  const value = Number(number);
  if (unit === undefined || !(value > 0)) return undefined;
  if (unit !== '%') return { bytes: Math.round(value * UNITS[unit]!) };
  return value <= 100 ? { share: value / 100 } : undefined;
}
