import type { FastifyInstance, RouteOptions } from 'fastify';
import { RequestError } from './errors.ts';

/** Methods that clients try; one that is in nobody's list is answered with 404. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/**
 * Answers requests for a resource with a method that it does not have: 405 with `Allow` (RFC 9110
 * §15.5.6), and OPTIONS with `Allow` alone (§9.3.7). No token is asked for: neither tells more than
 * the API's description does.
 * @returns to be called once all other routes are there
 */
export function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // A route for everything is no resource.
    if (url === '*' || url === '/*') return;
    // A route of a prefix is there with a slash and without, and only one of them is told.
    const key = url === '/' ? url : url.replace(/\/$/, '');
    const methods = known.get(key) ?? new Set();
    known.set(key, methods);
    for (const each of [method].flat()) methods.add(each.toUpperCase());
  });
  return () => {
    const declared = structuredClone(known);
    for (const [key, methods] of declared) {
      // What is no resource of its own for a method may be a stream's name, and refused as such.
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
    // Before a body would be read.
    onRequest: (request, reply, done) => {
      reply.header('Allow', allow);
      done(new RequestError(405, `there is no ${request.method} here, only ${allow}`));
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
