const DAY_PATH = /(?:^|[/\\])(\d{4})[/\\](\d{2})[/\\](\d{2})$/;
const YEAR = /^\d{4}$/;

/**
 * `YYYY/MM/DD`, the end of a day folder's path. @param us an instant of the UTC day, µs since the
 * Unix epoch
 */
export function dayPath(us: number): string {
  return new Date(us / 1000).toISOString().slice(0, 10).replaceAll('-', '/');
}

/** Whether a path, of an object or in the file system, ends like that of a day folder. */
export function isDayFolder(path: string): boolean {
  return DAY_PATH.test(path);
}

/** The day of a day folder as `YYYY-MM-DD`; undefined for another folder. */
export function dayOf(folder: string): string | undefined {
  return DAY_PATH.exec(folder)?.slice(1).join('-');
}

/** UTC midnight of a day folder, µs since the Unix epoch; undefined for another folder. */
export function dayStartOf(folder: string): number | undefined {
  const [, year, month, day] = DAY_PATH.exec(folder) ?? [];
  return year === undefined ? undefined : Date.UTC(+year, +month! - 1, +day!) * 1000;
}

/** Whether a part of a path looks like the year of a recording. */
export function isYear(part: string): boolean {
  return YEAR.test(part);
}
