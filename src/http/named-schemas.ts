/** A JSON Schema in an OpenAPI document. */
type Schema = Record<string, unknown>;

interface Document {
  components?: { schemas?: Record<string, unknown> };
  paths?: Record<string, unknown>;
}

/**
 * Moves every schema that has a `title` to `components/schemas` under that name and replaces its
 * uses by references, so that client generators create one type for each. Changes the document.
 * @throws Error if two different schemas have the same title
 */
export function nameSchemas(document: Document): void {
  const named = new Map<string, Schema>();
  document.paths = referring(document.paths, named) as Record<string, unknown>;
  const inOrder = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  document.components = { ...document.components, schemas: Object.fromEntries(inOrder) };
}

function referring(value: unknown, named: Map<string, Schema>): unknown {
  if (Array.isArray(value)) return value.map((each) => referring(each, named));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) =>
    // An example is data, whatever its properties are called.
    key.startsWith('example') ? [key, each] : [key, referring(each, named)],
  );
  const { title, ...schema }: Schema = Object.fromEntries(entries);
  if (typeof title !== 'string') return Object.fromEntries(entries);
  const known = named.get(title);
  if (known !== undefined && rulesOf(known) !== rulesOf(schema)) {
    throw new Error(`two different schemas have the title ${title}`);
  }
  // Prefers the occurrence with examples: only the schema of a whole body has them.
  named.set(title, known?.examples ? known : schema);
  return { $ref: `#/components/schemas/${title}` };
}

function rulesOf({ examples: _examples, ...rules }: Schema): string {
  return JSON.stringify(rules);
}
