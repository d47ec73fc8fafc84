/** A number of bytes as people read it, in powers of 1000. @param {number} bytes */
export function bytesInWords(bytes) {
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

/** A bit rate as people read it. @param {number} rate bits a second */
export function rateInWords(rate) {
  return rate < 1e6 ? `${Math.round(rate / 1000)} kbit/s` : `${(rate / 1e6).toFixed(2)} Mbit/s`;
}

/** A span as `m:ss` or `h:mm:ss`. @param {number} seconds */
export function spanInWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** Date and time of day in the reader's own zone. @param {number} ms since the Unix epoch */
export function momentInWords(ms) {
  return `${day.format(ms)}, ${clock.format(ms)}`;
}

/**
 * From when to when, in the reader's own zone, without saying the same date twice.
 * @param {number} startMs since the Unix epoch
 * @param {number} endMs since the Unix epoch
 */
export function rangeInWords(startMs, endMs) {
  const sameDay = day.format(startMs) === day.format(endMs);
  return `${momentInWords(startMs)} – ${sameDay ? clock.format(endMs) : momentInWords(endMs)}`;
}
