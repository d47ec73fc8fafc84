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

/**
 * Leaves bodies unread that mean nothing, whatever they are announced as: of a DELETE whose route has
 * none (RFC 9110 §9.3.5; clients send the headers of their POST again), and of no bytes where a body
 * may be left out (`curl -d ''` announces a form).
 */
export function ignoreMeaninglessBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method, routeOptions, raw }) => {
    const { headers } = raw;
    const isMeaningless =
      method === 'DELETE'
        ? routeOptions.schema?.body === undefined
        : routeOptions.config.bodyOptional && headers['content-length'] === '0';
    if (!isMeaningless) return;
    // Fastify looks for a parser as soon as one of these is there. Node skips what is not read.
    delete headers['content-type'];
    delete headers['content-length'];
    delete headers['transfer-encoding'];
  });
}
