import { timelineOf } from '../api/timeline.ts';
import { joinNames } from './location.ts';
import { dayStart, inZone } from './time-zone.ts';

const DAY_MS = 86_400_000;
/** Shorter than any day of a calendar is empty, ms. */
const RESOLUTION_MS = 3_600_000;

/** A day of a calendar. */
export interface CalendarDay {
  /** When it begins, ms since the Unix epoch. */
  startMs: number;
  /** Day of the month. */
  day: number;
  /** Belongs to the month that is shown. */
  isOfMonth: boolean;
}

/** The days of the weeks of a month, in a zone. @param firstWeekday 1 for Monday to 7 for Sunday */
export function monthOf(epochMs: number, timeZone: string, firstWeekday: number): CalendarDay[] {
  const shown = new Date(inZone(epochMs, timeZone));
  const firstMs = dayStart(epochMs, timeZone, 1 - shown.getUTCDate());
  const weekday = new Date(inZone(firstMs, timeZone)).getUTCDay() || 7;
  const before = (weekday - firstWeekday + 7) % 7;
  const days = new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + 1, 0)).getUTCDate();
  const cells = Math.ceil((before + days) / 7) * 7;
  return Array.from({ length: cells }, (_, cell) => {
    const startMs = dayStart(firstMs, timeZone, cell - before);
    const date = new Date(inZone(startMs, timeZone));
    return {
      startMs,
      day: date.getUTCDate(),
      isOfMonth: date.getUTCMonth() === shown.getUTCMonth(),
    };
  });
}

/** Which of some days have media of any of the streams: the times at which they begin. */
export async function recordedDays(
  streams: string[],
  days: CalendarDay[],
  signal: AbortSignal,
): Promise<Set<number>> {
  const [first, last] = [days[0], days.at(-1)];
  if (streams.length === 0 || first === undefined || last === undefined) return new Set();
  const endMs = last.startMs + DAY_MS;
  const rows = await timelineOf(joinNames(streams), first.startMs, endMs, RESOLUTION_MS, signal);
  const spans = rows.flatMap((row) => row.spans);
  const found = days.filter(({ startMs }, place) => {
    const nextMs = days[place + 1]?.startMs ?? endMs;
    return spans.some(
      ({ start_ts, end_ts }) => start_ts / 1000 < nextMs && end_ts / 1000 > startMs,
    );
  });
  return new Set(found.map(({ startMs }) => startMs));
}
