import type { FastifyInstance } from 'fastify';

/**
 * Takes JSON bodies, and no other kind unless a route says so. An empty body is none at all: HTTP
 * clients often announce JSON and then send nothing.
 */
export function registerJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    (request, body: string, done) => {
      if (body.trim() === '') done(null, undefined);
      else parse(request, body, done);
    },
  );
}
