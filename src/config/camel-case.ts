/** The name in the code of a key in live777.toml: `segment_seconds` becomes `segmentSeconds`. */
export type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** A table of live777.toml with the keys as named in the code. */
export type CamelCased<Table> = {
  [Key in keyof Table as CamelCase<Key & string>]: Table[Key];
};

/** Renames the keys of a table; tables within it are not changed. */
export function camelCased<Table extends object>(table: Table): CamelCased<Table> {
  const named = Object.entries(table).map(([key, value]) => [
    key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(named);
}
