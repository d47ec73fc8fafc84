/** A key of live777.toml as the code calls it: `segment_seconds` is `segmentSeconds`. */
export type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** A table of live777.toml with its keys as the code calls them. */
export type CamelCased<Table> = {
  [Key in keyof Table as CamelCase<Key & string>]: Table[Key];
};

/** Names the keys of a table as the code does; tables within it stay as they are. */
export function camelCased<Table extends object>(table: Table): CamelCased<Table> {
  const named = Object.entries(table).map(([key, value]) => [
    key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(named);
}
