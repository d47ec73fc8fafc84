import type { FastifyInstance } from 'fastify';

/**
 * Policy of the console's page: scripts and styles come from this server, and Shaka plays from
 * `blob:`.
 */
export const CONSOLE_POLICY = [
  "default-src 'self'",
  "media-src 'self' blob:",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');

/**
 * Headers that make browsers respect media types, send no referrer to other sites, and refuse to
 * show our pages in frames of other sites.
 */
export function registerSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'X-Frame-Options': 'SAMEORIGIN',
    });
  });
}
