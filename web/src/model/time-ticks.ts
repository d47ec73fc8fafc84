import { lengthOf, type TimeRange } from './time-range.ts';
import { fromZone, inZone } from './time-zone.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14].map((days) => days * DAY),
];

/** A mark of a time axis. */
export interface Tick {
  epochMs: number;
  label: string;
  /** Begins a day. */
  isDay: boolean;
}

/**
 * The marks of a time axis, at round times of a zone.
 * @param most as many as there is room for
 */
export function ticksOf(range: TimeRange, most: number, timeZone: string, locale: string): Tick[] {
  const step = STEPS.find((each) => lengthOf(range) / each <= most) ?? STEPS.at(-1)!;
  const first = Math.ceil(inZone(range.startMs, timeZone) / step);
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { hourCycle: 'h23', timeZone: 'UTC', ...options });
  const day = format({ month: 'short', day: 'numeric' });
  const time = format({
    ...{ hour: '2-digit', minute: '2-digit' },
    ...(step < MINUTE && { second: '2-digit' as const }),
    ...(step < SECOND && { fractionalSecondDigits: 1 as const }),
  });
  const ticks: Tick[] = [];
  for (let index = first; ticks.length <= most + 1; index++) {
    const shown = index * step;
    const epochMs = fromZone(shown, timeZone);
    if (epochMs > range.endMs) break;
    const isDay = shown % DAY === 0;
    ticks.push({ epochMs, isDay, label: (isDay ? day : time).format(shown) });
  }
  return ticks;
}
