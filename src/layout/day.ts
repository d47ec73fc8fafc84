/** Length of a UTC day, µs. */
export const DAY_US = 86_400_000_000;

/** UTC midnight at or before an instant; both µs since the Unix epoch. */
export function dayStartUs(us: number): number {
  return Math.floor(us / DAY_US) * DAY_US;
}

/** UTC midnight after an instant; both µs since the Unix epoch. */
export function dayEndUs(us: number): number {
  return dayStartUs(us) + DAY_US;
}
