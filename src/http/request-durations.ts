import type { FastifyInstance } from 'fastify';
import { Histogram } from 'prom-client';

/** Upper bounds, s: a poll takes milliseconds, a long poll up to a minute. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Durations of the requests to a server, from now on, by method, route and class of status. The
 * route is its pattern, so that there are as many series as routes, whatever is asked for; event
 * streams, which last as long as somebody listens, are left out.
 */
export function measureRequests(app: FastifyInstance): Histogram {
  const durations = new Histogram({
    name: 'live777_recorder_http_request_duration_seconds',
    help: 'Time until a request was answered completely, without event streams.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [],
  });
  app.addHook('onResponse', async ({ method, routeOptions: { url } }, reply) => {
    if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) return;
    const labels = {
      // Without a route, the method may be any of those that Node knows.
      method: url === undefined ? 'any' : method,
      route: url ?? 'none',
      status: `${Math.floor(reply.statusCode / 100)}xx`,
    };
    durations.observe(labels, reply.elapsedTime / 1000);
  });
  return durations;
}
