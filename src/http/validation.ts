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
  const parameters = Object.entries(properties);
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

function readQuery(
  received: unknown,
  parameters: [name: string, NonNullable<ObjectSchema['properties']>[string]][],
): Record<string, unknown> {
  const query = { ...(received as Record<string, unknown>) };
  for (const [name, { type, default: fallback }] of parameters) {
    const text = query[name];
    if (text === undefined) {
      if (fallback !== undefined) query[name] = fallback;
    } else if (typeof text !== 'string') {
    } else if ((type === 'integer' || type === 'number') && /^-?\d+(?:\.\d+)?$/.test(text)) {
      query[name] = Number(text);
    } else if (type === 'boolean' && (text === 'true' || text === 'false')) {
      query[name] = text === 'true';
    }
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
