import { computed, signal } from '@preact/signals';
import { locale } from '../words/language.ts';

const STORAGE_KEY = 'recorder-time-zone';
const DAY_MS = 86_400_000;

/** The zone of this machine (IANA name). */
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone in which times are shown and entered (IANA name). */
export const zone = signal(initialZone());

function initialZone(): string {
  const chosen = localStorage.getItem(STORAGE_KEY);
  return chosen !== null && isZone(chosen) ? chosen : LOCAL_ZONE;
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** Chooses a zone, and remembers it in this browser. */
export function chooseZone(name: string): void {
  localStorage.setItem(STORAGE_KEY, name);
  zone.value = name;
}

const offsets = new Map<string, Intl.DateTimeFormat>();

/** By how much a zone is ahead of UTC at an instant, ms. */
export function offsetMs(epochMs: number, timeZone: string): number {
  let format = offsets.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', {
      ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    offsets.set(timeZone, format);
  }
  const parts = Object.fromEntries(
    format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(epochMs / 1000) * 1000;
}

/** What the clock in a zone shows, as if it were UTC, ms; {@link fromZone} is the way back. */
export function inZone(epochMs: number, timeZone: string): number {
  return epochMs + offsetMs(epochMs, timeZone);
}

/** The instant at which the clock in a zone shows a time. @param shownMs as {@link inZone} has it */
export function fromZone(shownMs: number, timeZone: string): number {
  const near = shownMs - offsetMs(shownMs, timeZone);
  // Beside a change of the clock the first estimate may have the other offset.
  return shownMs - offsetMs(near, timeZone);
}

/** An instant in ISO 8601 with the offset of a zone, by which the recorder names files in local time. */
export function isoInZone(epochMs: number, timeZone: string): string {
  const whole = Math.round(epochMs);
  const minutes = Math.round(offsetMs(whole, timeZone) / 60_000);
  const shown = new Date(whole + minutes * 60_000).toISOString().slice(0, -1);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const ahead = Math.abs(minutes);
  return `${shown}${minutes < 0 ? '-' : '+'}${two(ahead / 60)}:${two(ahead % 60)}`;
}

/** When the day begins in which an instant lies. @param days so many days later */
export function dayStart(epochMs: number, timeZone: string, days = 0): number {
  const shown = Math.floor(inZone(epochMs, timeZone) / DAY_MS) + days;
  return fromZone(shown * DAY_MS, timeZone);
}

/** Date and time as a field for both takes them, in a zone, e.g. `2025-07-24T08:00:00.000`. */
export function fieldValue(epochMs: number, timeZone: string): string {
  return new Date(inZone(epochMs, timeZone)).toISOString().slice(0, 19);
}

/** The instant that such a field says. @returns undefined where it says none */
export function fieldInstant(value: string, timeZone: string): number | undefined {
  const shown = Date.parse(`${value}Z`);
  return Number.isNaN(shown) ? undefined : fromZone(shown, timeZone);
}

const clock = computed(
  () =>
    new Intl.DateTimeFormat(locale.value, {
      ...{ timeZone: zone.value, hourCycle: 'h23', fractionalSecondDigits: 3 as const },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    }),
);

/** An instant to the millisecond, in the chosen zone. */
export function instantInWords(epochMs: number): string {
  return clock.value.format(epochMs);
}
