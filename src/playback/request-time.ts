import { Refusal } from '../refusal.ts';

/** What a time in a request may be, in words. */
export const TIME_RULE =
  'whole µs since the Unix epoch, as 1753315200000000, or an ISO 8601 date and time with its offset, as 2025-07-24T08:00:00.000+08:00 or 2025-07-24T00:00:00Z';

/** A stretch of wall-clock time, µs since the Unix epoch. */
export interface RequestedRange {
  startUs: number;
  /** Exclusive; undefined where the range has no end. */
  endUs: number | undefined;
}

// RFC 3339, with the seconds optional. In a query an unencoded `+` comes as a space.
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:([Zz])|([+ -])(\d{2}):?(\d{2}))$/;

/** A number of µs below this is before 2001: whoever sends it means seconds or milliseconds. */
const LEAST_PLAUSIBLE_US = 1e15;

/**
 * Reads a time of a request: whole µs since the Unix epoch, or ISO 8601 with an offset.
 * @param field its name, for the message
 * @returns whole µs since the Unix epoch; digits beyond a µs are cut off
 * @throws Refusal `bad-time` that says what to write instead
 */
export function parseTime(text: string, field: string): number {
  if (/^\d+$/.test(text)) return parseMicroseconds(text, field);
  const found = DATE_TIME.exec(text.trim());
  if (found === null) {
    const mend = /^\d{4}-\d{2}-\d{2}[Tt][\d:.,]+$/.test(text)
      ? `needs an offset at its end, as ${text}Z`
      : `must be ${TIME_RULE}`;
    throw new Refusal('bad-time', `${field}: ${mend}`);
  }
  const [, date, minutes, seconds = '00', fraction = '', , sign, hours = '0', rest = '0'] = found;
  const atMs = Date.parse(`${date}T${minutes}:${seconds}Z`);
  // `Date` would take the 30th of February for the 2nd of March.
  const isDate = !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(date!);
  if (!isDate || Number(hours) > 23 || Number(rest) > 59) {
    throw new Refusal('bad-time', `${field}: ${text} is no date and time that there is`);
  }
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(rest));
  const us = (atMs - offsetMinutes * 60_000) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  if (us < 0) throw new Refusal('bad-time', `${field}: must not lie before 1970`);
  return us;
}

/**
 * Reads the two bounds of a range.
 * @param start absent where `fallbackStartUs` is to hold
 * @throws Refusal `bad-time` for a bound that is no time, a start that is missing, and an end that is
 * not after the start
 */
export function parseRange(
  { start, end }: { start?: string | undefined; end?: string | undefined },
  fallbackStartUs?: number,
): RequestedRange {
  if (start === undefined && fallbackStartUs === undefined) {
    throw new Refusal('bad-time', `start: is missing; it must be ${TIME_RULE}`);
  }
  const startUs = start === undefined ? fallbackStartUs! : parseTime(start, 'start');
  const endUs = end === undefined ? undefined : parseTime(end, 'end');
  if (endUs !== undefined && endUs <= startUs) {
    throw new Refusal('bad-time', 'end: must be later than start');
  }
  return { startUs, endUs };
}

function parseMicroseconds(text: string, field: string): number {
  const us = Number(text);
  if (!Number.isSafeInteger(us)) {
    throw new Refusal('bad-time', `${field}: must be below 2^53 µs since the Unix epoch`);
  }
  if (us > 0 && us < LEAST_PLAUSIBLE_US && us >= 1e9) {
    const unit = us < 1e11 ? 'seconds' : 'milliseconds';
    throw new Refusal('bad-time', `${field}: looks like ${unit}; it must be ${TIME_RULE}`);
  }
  return us;
}
