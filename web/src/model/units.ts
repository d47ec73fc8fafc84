import { computed } from '@preact/signals';
import { locale } from '../words/language.ts';

/** A number of bytes as people read it, in powers of 1000. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** A bit rate as people read it. @param rate bits a second */
export function rateInWords(rate: number): string {
  return rate < 1e6 ? `${Math.round(rate / 1000)} kbit/s` : `${(rate / 1e6).toFixed(2)} Mbit/s`;
}

/** A span as `m:ss` or `h:mm:ss`. */
export function spanInWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

const day = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium' }));
const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }));

/** Date and time of day in the reader's own zone. @param ms since the Unix epoch */
export function momentInWords(ms: number): string {
  return `${day.value.format(ms)}, ${clock.value.format(ms)}`;
}

/**
 * From when to when, in the reader's own zone, without saying the same date twice.
 * @param startMs since the Unix epoch
 * @param endMs since the Unix epoch
 */
export function rangeInWords(startMs: number, endMs: number): string {
  const sameDay = day.value.format(startMs) === day.value.format(endMs);
  return `${momentInWords(startMs)} – ${sameDay ? clock.value.format(endMs) : momentInWords(endMs)}`;
}
