import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';

const description = `Records what is published over WebRTC as MPEG-DASH.

Publishers send with WHIP (RFC 9725); players read \`manifest.mpd\` and the segments below
\`/api/record/object/\`; Liveman and other programs poll the segment index. Times are integer
microseconds since the Unix epoch where not said otherwise.

Where the configuration has tokens or a secret, send \`Authorization: Bearer TOKEN\`. A JSON Web
Token is for one stream or for all (\`*\`), and allows to read, to publish, to start and stop
recordings, or several of these.`;

/**
 * Collects the schemas of all routes registered after it into one OpenAPI document, and shows it at
 * `/documentation`. What a route asks of its caller is added from its `config.access`.
 */
export async function registerApiDescription(app: FastifyInstance, version: string): Promise<void> {
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
    transform: ({ schema, url, route }) => ({
      schema: withAccess(
        schema,
        route.config?.access ?? (url.startsWith('/api/') ? 'read' : 'open'),
      ),
      url,
    }),
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
