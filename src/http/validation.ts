import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

interface ObjectSchema {
  properties?: Record<string, { type?: string; description?: string; default?: unknown }>;
}

/** How messages call each part of a request. */
const PART_NAMES: Record<string, string> = {
  body: 'body',
  headers: 'header',
  params: '',
  querystring: 'query',
};

/**
 * Checks requests against TypeBox schemas. Unknown properties are refused, not dropped; numbers and
 * booleans in a query string are read as such, and its defaults filled in; a body must be right as
 * it is.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = '' }) => {
  const check = Compile(schema);
  const { properties = {} } = schema as ObjectSchema;
  return (received: unknown) => {
    const value = httpPart === 'querystring' ? readQuery(received, properties) : received;
    if (check.Check(value)) return { value };
    return { error: explain(check.Errors(value), value, httpPart, properties) };
  };
};

function readQuery(
  received: unknown,
  properties: NonNullable<ObjectSchema['properties']>,
): Record<string, unknown> {
  const query = { ...(received as Record<string, unknown>) };
  for (const [name, { type, default: fallback }] of Object.entries(properties)) {
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
      say(`${name}: must be ${properties[key]?.description ?? 'of another form'}`);
    } else if (value === null && httpPart === 'body') {
      say('body: must not be empty');
    } else {
      say(`${name}: ${error.message}`);
    }
  }
  return explained;
}

/** One sentence of all that `compileValidator` found wrong. */
export function validationError(errors: FastifySchemaValidationError[]): Error {
  return new Error(errors.map(({ message }) => message).join('; '));
}
