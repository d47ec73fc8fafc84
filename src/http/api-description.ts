import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';

/** An OpenAPI document, as far as it is changed here. */
interface Described {
  paths?: Record<string, { post?: { requestBody?: { required?: boolean } } }>;
}

const description = [
  'Records what is published over WebRTC as MPEG-DASH.',
  'Publishers send with WHIP (RFC 9725); players read `manifest.mpd` and the segments below `/api/record/object/`; Liveman and other programs poll the segment index. Times are integer microseconds since the Unix epoch where not said otherwise.',
  'Where the configuration has tokens or a secret, send `Authorization: Bearer TOKEN`. A JSON Web Token is for one stream or for all (`*`), and allows to read, to publish, to start and stop recordings, or several of these.',
].join('\n\n');

/**
 * Collects the schemas of all routes registered after it into one OpenAPI document, and shows it at
 * `/documentation`. What a route asks of its caller is added from its `config.access`.
 */
export async function registerApiDescription(app: FastifyInstance, version: string): Promise<void> {
  /** Paths whose POST may have no body, which a route's schema cannot say. */
  const optionalBodies = new Set<string>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'live777-recorder',
        description,
        version,
        license: { name: 'MPL-2.0', identifier: 'MPL-2.0' } as { name: string },
      },
      tags: [
        { name: 'publish', description: 'Send a stream here: WHIP, RFC 9725' },
        { name: 'record', description: 'Start, stop and look at recordings' },
        { name: 'segments', description: 'What was recorded, segment by segment' },
        { name: 'read', description: 'Read what was recorded' },
        { name: 'live777', description: 'What Liveman asks of every node of a cluster' },
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
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `def-${index}`),
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => {
      if (route.config?.bodyOptional) optionalBodies.add(url.replaceAll(/:(\w+)/g, '{$1}'));
      const access = route.config?.access ?? (url.startsWith('/api/') ? 'read' : 'open');
      return withNamedWildcard({ schema: withAccess(schema, access), url });
    },
    transformObject: (document) =>
      'openapiObject' in document
        ? tidied(document.openapiObject, optionalBodies)
        : document.swaggerObject,
  });
  await app.register(swaggerUi, {
    routePrefix: '/documentation',
    uiConfig: { deepLinking: true, docExpansion: 'list', tryItOutEnabled: true },
  });
}

function withAccess(schema: FastifySchema | undefined, access: string): FastifySchema {
  if (access === 'open') return { ...schema, security: [] };
  return {
    ...schema,
    security: [{ token: [] }],
    response: {
      ...(schema?.response as object),
      401: { description: 'A valid token is needed. No body.', type: 'null' },
      403: { description: `The token does not allow to ${access} this stream.`, $ref: 'Error#' },
    },
  };
}

/** OpenAPI has no wildcards: `/object/*` is shown as `/object/{path}`. */
function withNamedWildcard({ schema, url }: { schema: FastifySchema; url: string }) {
  const params = schema.params as { properties?: Record<string, unknown> } | undefined;
  const wildcard = params?.properties?.['*'];
  if (wildcard === undefined) return { schema, url };
  const named = { type: 'object', properties: { path: wildcard }, required: ['path'] };
  return { schema: { ...schema, params: named }, url: url.replace('*', ':path') };
}

/** Puts paths in order, which is that of the files in a folder: it differs from machine to machine. */
function tidied<T extends object>(document: T, optionalBodies: ReadonlySet<string>): T {
  // Copied, since YAML shows an object that is used twice as an alias of the first.
  const copy: T & Described = JSON.parse(JSON.stringify(document));
  const paths = Object.entries(copy.paths ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [path, { post }] of paths) {
    if (post?.requestBody && optionalBodies.has(path)) post.requestBody.required = false;
  }
  return { ...copy, paths: Object.fromEntries(paths) };
}
