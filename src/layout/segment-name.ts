/**
 * An object path taken apart so that what repeats from segment to segment can be kept once:
 * `<folder>/<prefix><number, zero-padded to digits><suffix>`.
 */
export interface SegmentName {
  /** Everything before the last `/`; empty where there is none. */
  folder: string;
  /** What stands between the last `/` and the number; begins with the `/` where there is one. */
  prefix: string;
  /** Least number of digits; 0 where the name has no number. */
  digits: number;
  number: number;
  suffix: string;
}

// Nine digits always fit 32 bits; longer runs leave their head in the prefix.
const NUMBERED = /^(.*?)(\d{1,9})((?:\.[^.]*)?)$/s;

/** Names are padded to four digits; a number that outgrew them still belongs to the same row of names. */
const USUAL_DIGITS = 4;

/** Takes any object path apart; {@link joinName} gives it back exactly. */
export function splitName(path: string): SegmentName {
  const slash = path.lastIndexOf('/');
  const folder = slash < 0 ? '' : path.slice(0, slash);
  const name = slash < 0 ? path : path.slice(slash);
  const match = NUMBERED.exec(name);
  if (!match) return { folder, prefix: name, digits: 0, number: 0, suffix: '' };
  const [, prefix, digits, suffix] = match as unknown as [string, string, string, string];
  return {
    folder,
    prefix,
    digits: digits.startsWith('0') ? digits.length : Math.min(digits.length, USUAL_DIGITS),
    number: Number(digits),
    suffix,
  };
}

/** The object path that {@link splitName} took apart. */
export function joinName(name: SegmentName): string {
  const number = name.digits === 0 ? '' : String(name.number).padStart(name.digits, '0');
  return name.folder + name.prefix + number + name.suffix;
}
