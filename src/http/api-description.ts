import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema, onRequestHookHandler } from 'fastify';
import { errorBody, errorReply } from './errors.ts';
import { nameSchemas } from './named-schemas.ts';
import { registerPagePolicy } from './security-headers.ts';

/** An OpenAPI document, reduced to what is changed here. */
interface Described {
  paths?: Record<string, Record<string, Operation>>;
}

interface Operation {
  responses: Record<string, { content?: { 'application/json'?: { example?: unknown } } }>;
  parameters?: { required?: boolean; schema?: { default?: unknown } }[];
  requestBody?: { required?: boolean };
}

const DESCRIPTION = [
  'Records WebRTC streams as MPEG-DASH.',
  'Publishers send with WHIP (RFC 9725); players get `manifest.mpd` and segments from `/api/record/object/`; Liveman and other programs poll the segment index. Times are integer microseconds since the Unix epoch unless stated otherwise.',
  'If the configuration has tokens or a secret, send `Authorization: Bearer TOKEN`. A JSON Web Token is valid for one stream or for all (`*`), and permits reading, publishing, starting and stopping recordings, or a combination of these.',
  'An error reply names its request in `X-Request-Id`, as the log does; a trusted proxy may choose the name.',
].join('\n\n');

/**
 * Collects the schemas of all routes registered after it in one OpenAPI document, and serves it at
 * `/documentation`. The permission that a route requires is taken from its `config.access`.
 */
export async function registerApiDescription(app: FastifyInstance, version: string): Promise<void> {
  /** Paths whose POST may have no body, which a route's schema cannot express. */
  const optionalBodies = new Set<string>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'live777-recorder',
        description: DESCRIPTION,
        version,
        license: { name: 'MPL-2.0', identifier: 'MPL-2.0' } as { name: string },
      },
      servers: [
        {
          url: 'http://{address}',
          description: 'A recorder',
          variables: {
            address: {
              default: '127.0.0.1:7778',
              description: 'Address of `[http] listen`, or host and path of a reverse proxy.',
            },
          },
        },
      ],
      tags: [
        { name: 'publish', description: 'Send a stream here: WHIP, RFC 9725' },
        { name: 'record', description: 'Start, stop and monitor recordings' },
        { name: 'segments', description: 'The index of recorded segments' },
        { name: 'read', description: 'Play recordings' },
        { name: 'live777', description: 'The API that Liveman expects of a node' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'A static token, or a JSON Web Token (HS256: id, exp, mode).',
          },
        },
      },
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => {
      if (route.config?.bodyOptional) optionalBodies.add(url.replaceAll(/:(\w+)/g, '{$1}'));
      const access = route.config?.access ?? (url.startsWith('/api/') ? 'read' : 'open');
      return withNamedWildcard({
        schema: withAccess(schema, access),
        url: withoutTrailingSlash(url),
      });
    },
    transformObject: (document) =>
      'openapiObject' in document
        ? tidied(document.openapiObject, optionalBodies)
        : document.swaggerObject,
  });
  await app.register(async (page) => {
    // The logo of Swagger UI brings a style sheet of its own.
    registerPagePolicy(page, { 'style-src': ["'self'", "'unsafe-inline'"] });
    await page.register(swaggerUi, {
      routePrefix: '/documentation',
      uiHooks: { onRequest: addSlash },
      // Relative to the page at `/documentation/`, so that it holds below any path prefix.
      transformSpecification: (document) => ({
        ...document,
        servers: [{ url: '..', description: 'This recorder' }],
      }),
      transformSpecificationClone: false,
      uiConfig: { deepLinking: true, docExpansion: 'list', tryItOutEnabled: true },
    });
  });
}

/** The links of the page are relative to a folder and would break below a path prefix otherwise. */
const addSlash: onRequestHookHandler = (request, reply, done) => {
  if (request.originalUrl.split('?', 1)[0] !== '/documentation') return done();
  reply.redirect('documentation/', 302);
};

function withAccess(schema: FastifySchema | undefined, access: string): FastifySchema {
  if (access === 'open') return { ...schema, security: [] };
  return {
    ...schema,
    security: [{ token: [] }],
    response: {
      ...(schema?.response as object),
      401: { description: 'A valid token is required. No body.', type: 'null' },
      403: errorReply(
        `The token does not grant "${access}" for this stream.`,
        `this token does not allow to ${access}`,
      ),
    },
  };
}

/** Liveman calls some lists with a trailing slash; both paths are the same operation. */
function withoutTrailingSlash(url: string): string {
  return url === '/' ? url : url.replace(/\/$/, '');
}

/** OpenAPI has no wildcards, so `/object/*` is shown as `/object/{path}`. */
function withNamedWildcard({ schema, url }: { schema: FastifySchema; url: string }) {
  const params = schema.params as { properties?: Record<string, unknown> } | undefined;
  const wildcard = params?.properties?.['*'];
  if (wildcard === undefined) return { schema, url };
  const named = { type: 'object', properties: { path: wildcard }, required: ['path'] };
  return { schema: { ...schema, params: named }, url: url.replace('*', ':path') };
}

/**
 * Sorts the paths: the order in which routes are loaded is that of the files in a folder, which
 * differs between machines.
 */
function tidied<T extends object>(document: T, optionalBodies: ReadonlySet<string>): T {
  // Copied because YAML would show an object that is used twice as an alias.
  const copy: T & Described = JSON.parse(JSON.stringify(document));
  const paths = Object.entries(copy.paths ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, operations] of paths) {
    for (const [method, { parameters = [], requestBody, responses }] of Object.entries(
      operations,
    )) {
      completeErrors(responses);
      if (method === 'post' && requestBody && optionalBodies.has(path)) {
        requestBody.required = false;
      }
      for (const parameter of parameters) {
        // The framework fills in defaults before it calls the handler, so the parameter would count
        // as required.
        if (parameter.schema?.default !== undefined) parameter.required = false;
      }
    }
  }
  copy.paths = Object.fromEntries(paths);
  nameSchemas(copy);
  return copy;
}

/** Sets the status in the example of each error reply to that of the reply. */
function completeErrors(responses: Operation['responses']): void {
  for (const [status, { content }] of Object.entries(responses)) {
    const json = content?.['application/json'];
    if (Number(status) < 400 || json === undefined) continue;
    const { message } = json.example as { message?: string };
    // Not an error, but a state that has a status of its own.
    if (message === undefined) continue;
    json.example = errorBody(Number(status), message);
  }
}
