/** A JSON Schema as it stands in an OpenAPI document. */
type Schema = Record<string, unknown>;

interface Document {
  components?: { schemas?: Record<string, unknown> };
  paths?: Record<string, unknown>;
}

/**
 * Gives every schema that has a `title` its place under `components/schemas`, by that name, and
 * leaves a reference where it was used: client generators make a type of each. Changes the document.
 * @throws Error where two schemas that differ have one title
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
    // What an example says is data, whatever its properties are called.
    key.startsWith('example') ? [key, each] : [key, referring(each, named)],
  );
  const { title, ...schema }: Schema = Object.fromEntries(entries);
  if (typeof title !== 'string') return Object.fromEntries(entries);
  const known = named.get(title);
  if (known !== undefined && rulesOf(known) !== rulesOf(schema)) {
    throw new Error(`two schemas that differ are both called ${title}`);
  }
  // Examples of a whole body stand beside its schema, those of an element in it.
  named.set(title, known?.examples ? known : schema);
  return { $ref: `#/components/schemas/${title}` };
}

function rulesOf({ examples: _examples, ...rules }: Schema): string {
  return JSON.stringify(rules);
}
