import type { FastifyInstance, RouteOptions } from 'fastify';
import { RequestError } from './errors.ts';

/** Methods that are answered with 405 if a resource lacks them; any other method gets 404. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/**
 * Answers requests with a method that the resource does not have: 405 with `Allow` (RFC 9110
 * §15.5.6), and OPTIONS with `Allow` alone (§9.3.7). No token is required: neither reply says more
 * than the API description.
 * @returns a function to call once all other routes are registered
 */
export function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // A catch-all route is no resource.
    if (url === '*' || url === '/*') return;
    // A route is registered with and without a trailing slash, but `onRoute` reports only one of
    // them.
    const key = url === '/' ? url : url.replace(/\/$/, '');
    const methods = known.get(key) ?? new Set();
    known.set(key, methods);
    for (const each of [method].flat()) methods.add(each.toUpperCase());
  });
  return () => {
    const declared = structuredClone(known);
    for (const [key, methods] of declared) {
      // Without a resource of its own, the path may name a stream and is then refused as such.
      const asStream = declared.get(key.replace(/[^/]+$/, ':stream')) ?? new Set();
      for (const url of /[/*]$/.test(key) ? [key] : [key, `${key}/`]) {
        const isThere = [...methods].some((method) => has(app, method, url));
        if (isThere) addOtherMethods(app, url, methods, asStream);
      }
    }
  };
}

function has(app: FastifyInstance, method: string, url: string): boolean {
  return app.hasRoute({ method: method as 'GET', url });
}

function addOtherMethods(
  app: FastifyInstance,
  url: string,
  methods: ReadonlySet<string>,
  elsewhere: ReadonlySet<string>,
): void {
  const allow = [...methods.union(new Set(['OPTIONS']))].join(', ');
  const others = METHODS.filter((method) => !methods.has(method) && !elsewhere.has(method));
  const common = { url, schema: { hide: true }, handler: () => {} };
  app.route({
    ...common,
    method: others.filter((method) => method !== 'OPTIONS'),
    config: { access: 'open' },
    // Before the body is read.
    onRequest: (request, reply, done) => {
      reply.header('Allow', allow);
      done(new RequestError(405, `${request.method} is not allowed here, only ${allow}`));
    },
  });
  if (methods.has('OPTIONS')) return;
  app.route({
    ...common,
    method: 'OPTIONS',
    config: { access: 'open', cors: { preflightContinue: true, strictPreflight: false } },
    onRequest: (_request, reply) => {
      reply.code(204).header('Allow', allow).send(null);
    },
  });
}
