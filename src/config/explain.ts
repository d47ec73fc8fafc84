import { closest, distance } from 'fastest-levenshtein';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import type { ConfigProblem } from './config-error.ts';
import { pointerTo } from './key-lines.ts';
import { withoutCredentials } from './printable-text.ts';
import { adviceAbout } from './unknown-keys.ts';

/** A node of a JSON schema, reduced to what errors refer to. */
interface SchemaNode {
  type?: string;
  description?: string;
  examples?: unknown[];
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
}

/**
 * Checks a value in a configuration file against its schema.
 * @param pointer JSON pointer of the value in the document
 * @param lines lines of all keys, from `keyLines`
 * @returns all problems, in terms of TOML; empty if there are none
 */
export function problemsOf(
  schema: TSchema,
  value: unknown,
  pointer: string,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const error of allErrors(schema, value)) {
    const path = partsOf(error.instancePath);
    const at = path.reduce<string>(pointerTo, pointer);
    if (error.keyword === 'boolean') continue;
    if (error.keyword === 'additionalProperties') {
      const known = Object.keys(nodeAt(schema, path)?.properties ?? {});
      for (const key of error.params.additionalProperties) {
        const place = pointerTo(at, key);
        problems.push({ line: lineOf(place, lines), message: unknownKey(place, known) });
      }
      continue;
    }
    if (error.keyword === 'required') {
      for (const key of error.params.requiredProperties) {
        const node = nodeAt(schema, [...path, key]);
        problems.push({
          line: lineOf(at, lines),
          message: `${keyName(pointerTo(at, key))}: missing; write ${key} = ${example(node)}`,
        });
      }
      continue;
    }
    const node = nodeAt(schema, path);
    const key = path.findLast((part) => !/^\d+$/.test(part)) ?? '';
    const isElement = path.at(-1) !== key;
    const got = inWords(valueAt(value, path), IS_SECRET.test(key));
    const assignment = isElement ? example(node) : `${key} = ${example(node)}`;
    problems.push({
      line: lineOf(at, lines),
      message:
        node?.type === 'object' || (node?.type === 'array' && node.items?.type === 'object')
          ? `${keyName(at)}: expected ${tableForm(at, node)}, got ${got}`
          : `${keyName(at)}: expected ${node?.description ?? error.message}, got ${got}; write ${assignment}`,
    });
  }
  return problems;
}

/** TypeBox stops after eight errors by default, and the limit can only be set globally. */
function allErrors(schema: TSchema, value: unknown): TLocalizedValidationError[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: 1000 });
  try {
    return Compile(schema).Errors(value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

/** The problem of an unknown key, with the known key that was probably meant. */
export function unknownKey(pointer: string, known: string[]): string {
  const key = partsOf(pointer).at(-1) ?? '';
  const table = pointer.slice(0, pointer.lastIndexOf('/'));
  const near = nearestKey(key, known);
  const advice =
    adviceAbout(table, key) ??
    (near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`);
  return `${keyName(pointer)}: unknown key, ${advice}`;
}

/**
 * The known key that differs only by a typo, not by a whole word, which would make it a different
 * key.
 */
export function nearestKey(key: string, known: string[]): string | undefined {
  if (known.length === 0) return undefined;
  const near = closest(key, known);
  return distance(key, near) <= Math.max(2, Math.floor(Math.min(near.length, key.length) / 4))
    ? near
    : undefined;
}

/** A JSON pointer in TOML notation: `recorder.sources[0].url`. */
export function keyName(pointer: string): string {
  return partsOf(pointer).reduce((name, part) => {
    if (/^\d+$/.test(part)) return `${name}[${part}]`;
    const written = /^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part);
    return name === '' ? written : `${name}.${written}`;
  }, '');
}

/** The line of a key, or of the nearest enclosing table that has one. */
export function lineOf(pointer: string, lines: ReadonlyMap<string, number>): number | undefined {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const line = lines.get(at);
    if (line !== undefined) return line;
  }
  return undefined;
}

function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function nodeAt(schema: TSchema, path: string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = schema;
  for (const part of path) node = node?.items ?? node?.properties?.[part];
  return node;
}

function valueAt(value: unknown, path: string[]): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string, unknown>)[part];
  return at;
}

function tableForm(pointer: string, node: SchemaNode): string {
  return node.type === 'array' ? `tables [[${keyName(pointer)}]]` : `a table [${keyName(pointer)}]`;
}

function example(node: SchemaNode | undefined): string {
  return asToml(node?.examples?.[0] ?? node?.default ?? '…');
}

function asToml(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(asToml).join(', ')}]` : JSON.stringify(value);
}

/** Keys whose values must not be logged. */
const IS_SECRET = /secret|token|credential|access_key/;

function inWords(value: unknown, secret: boolean): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'string')
    return secret ? 'another text' : `the text "${withoutCredentials(value)}"`;
  if (typeof value === 'number' || typeof value === 'bigint') {
    return secret ? 'a number' : `the number ${value}`;
  }
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return value instanceof Date ? 'a date' : 'a table';
}
