/**
 * An object path, split so that the parts that segments have in common can be stored once:
 * `<folder>/<prefix><number, zero-padded to digits><suffix>`.
 */
export interface SegmentName {
  /** Everything before the last `/`; empty without one. */
  folder: string;
  /** From the last `/`, if there is one, up to the number. */
  prefix: string;
  /** Minimum number of digits; 0 if the name has no number. */
  digits: number;
  number: number;
  suffix: string;
}

// Nine digits always fit into 32 bits; of longer numbers, the first digits belong to the prefix.
const NUMBERED = /^(.*?)(\d{1,9})((?:\.[^.]*)?)$/s;

/** Names are padded to four digits; larger numbers still belong to the same sequence of names. */
const USUAL_DIGITS = 4;

/** Splits any object path; {@link joinName} restores it exactly. */
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

/** Restores the object path that {@link splitName} split. */
export function joinName(name: SegmentName): string {
  const number = name.digits === 0 ? '' : String(name.number).padStart(name.digits, '0');
  return name.folder + name.prefix + number + name.suffix;
}
