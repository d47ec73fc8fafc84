/**
 * The days of which nothing is shown because their manifests cannot be read.
 * @param header `Left-Out` of a manifest: object paths of day folders, separated by commas
 * @returns noon of each by UTC, ms since the Unix epoch
 */
export function leftOutDays(header: string | undefined): number[] {
  return (header ?? '')
    .split(',')
    .map((folder) => /(\d{4})\/(\d{2})\/(\d{2})$/.exec(folder.trim()))
    .filter((match) => match !== null)
    .map(([, year, month, day]) => Date.UTC(Number(year), Number(month) - 1, Number(day), 12));
}
