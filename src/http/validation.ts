import type {
  FastifySchemaCompiler,
  FastifySchemaValidationError,
  FastifyServerOptions,
} from 'fastify';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

interface ObjectSchema {
  properties?: Record<string, { type?: string; description?: string; default?: unknown }>;
}

/** How the parameters of a query are read: only those that are not text, or have a default. */
interface Parameters {
  types: ReadonlyMap<string, 'number' | 'boolean'>;
  defaults: readonly (readonly [name: string, value: unknown])[];
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** Names of the parts of a request in messages. */
const PART_NAMES: Record<string, string> = {
  body: 'body',
  headers: 'header',
  params: '',
  querystring: 'query',
};

/** What was compiled already, by schema: that of a stream's name is part of many routes. */
const checks = new WeakMap<TSchema, Validator>();

/**
 * Validates requests with TypeBox schemas. Unknown properties are refused, not removed. In a query
 * string, numbers and booleans are converted and defaults are filled in; a body is not changed.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = '' }) => {
  const check = checks.get(schema) ?? Compile(schema);
  checks.set(schema, check);
  const { properties = {} } = schema as ObjectSchema;
  const parameters = parametersOf(properties);
  return (received: unknown) => {
    const value = httpPart === 'querystring' ? readQuery(received, parameters) : received;
    if (check.Check(value)) return { value };
    return { error: explain(check.Errors(value), value, httpPart, properties) };
  };
};

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;
type CompilersFactory = Required<NonNullable<SchemaController['compilersFactory']>>;

/** Validators of Fastify, in place of its own, which it does not load then. */
export const buildValidator = (() =>
  compileValidator) as unknown as CompilersFactory['buildValidator'];

function parametersOf(properties: NonNullable<ObjectSchema['properties']>): Parameters {
  const types = new Map<string, 'number' | 'boolean'>();
  const defaults: [string, unknown][] = [];
  for (const [name, { type, default: fallback }] of Object.entries(properties)) {
    if (type === 'integer' || type === 'number') types.set(name, 'number');
    if (type === 'boolean') types.set(name, 'boolean');
    if (fallback !== undefined) defaults.push([name, fallback]);
  }
  return { types, defaults };
}

/** Converts in place: Fastify parsed the query for nobody else. */
function readQuery(received: unknown, { types, defaults }: Parameters): unknown {
  const query = received as Record<string, unknown>;
  for (const name in query) {
    const type = types.get(name);
    if (type === undefined) continue;
    const text = query[name];
    if (typeof text !== 'string') continue;
    if (type === 'number') {
      if (NUMBER.test(text)) query[name] = Number(text);
    } else if (text === 'true' || text === 'false') {
      query[name] = text === 'true';
    }
  }
  for (const [name, value] of defaults) {
    if (query[name] === undefined) query[name] = value;
  }
  return query;
}

function explain(
  errors: FastifySchemaValidationError[],
  value: unknown,
  httpPart: string,
  properties: NonNullable<ObjectSchema['properties']>,
): FastifySchemaValidationError[] {
  const part = PART_NAMES[httpPart] ?? httpPart;
  const explained: FastifySchemaValidationError[] = [];
  for (const error of errors) {
    if (error.keyword === 'boolean') continue;
    const name = [part, ...error.instancePath.split('/').slice(1)].filter(Boolean).join('.');
    const say = (message: string) => explained.push({ ...error, message });
    if (error.keyword === 'additionalProperties') {
      const unknown = (error.params as { additionalProperties: string[] }).additionalProperties;
      say(`${name}: unknown ${unknown.map((key) => JSON.stringify(key)).join(', ')}`);
    } else if (error.keyword === 'pattern') {
      const key = error.instancePath.slice(1);
      say(`${name}: must be ${properties[key]?.description ?? 'in another format'}`);
    } else if (value === null && httpPart === 'body') {
      say('body: must not be empty');
    } else {
      say(`${name}: ${error.message}`);
    }
  }
  return explained;
}

/** One sentence with everything that `compileValidator` found. */
export function validationError(errors: FastifySchemaValidationError[]): Error {
  return new Error(errors.map(({ message }) => message).join('; '));
}
