import type { FastifyInstance } from 'fastify';

/**
 * Accepts JSON bodies, and no other type unless a route adds one. An empty body counts as none:
 * HTTP clients often announce JSON and send nothing.
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
 * Ignores bodies without a meaning, whatever their type: of a DELETE whose route has none (RFC 9110
 * §9.3.5; clients repeat the headers of their POST), and empty ones where the body is optional
 * (`curl -d ''` announces a form).
 */
export function ignoreMeaninglessBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method, routeOptions, raw }) => {
    const { headers } = raw;
    const isMeaningless =
      method === 'DELETE'
        ? routeOptions.schema?.body === undefined
        : routeOptions.config.bodyOptional && headers['content-length'] === '0';
    if (!isMeaningless) return;
    // Fastify looks for a parser if one of these headers is present. Node discards a body that is
    // not read.
    delete headers['content-type'];
    delete headers['content-length'];
    delete headers['transfer-encoding'];
  });
}
