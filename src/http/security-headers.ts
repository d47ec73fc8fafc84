import type { FastifyInstance } from 'fastify';

/** The console's own page: its scripts and styles come from here, Shaka plays from `blob:`. */
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
 * Headers that keep browsers from guessing: every type is what it says, no address leaks to other
 * sites, and no other site frames a page of ours.
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
