/** A value of a TOML document as a table; one without keys where it is something else. */
export function asTable(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
