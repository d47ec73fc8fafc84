import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/**
 * Content-Security-Policy of our pages, the console and Swagger UI: scripts and styles come from this
 * server, Shaka plays from `blob:`, and the icons in Swagger UI's style sheet are `data:`. `https:`
 * is not enforced, because a recorder is often reached by its address alone.
 */
export const PAGE_POLICY = {
  'default-src': ["'self'"],
  'media-src': ["'self'", 'blob:'],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'base-uri': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'self'"],
};

/**
 * Headers that make browsers respect media types, send no referrer to other sites, refuse to show our
 * pages in frames of other sites, and keep our replies out of pages of other origins unless
 * `[http] cors` permits them.
 */
export async function registerSecurityHeaders(
  app: FastifyInstance,
  { cors }: { cors: boolean },
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: false,
    crossOriginResourcePolicy: { policy: cors ? 'cross-origin' : 'same-origin' },
    // The business of whoever terminates TLS: it would hold for everything on that host.
    strictTransportSecurity: false,
    // Browsers take these two from HTTPS and localhost alone, and complain otherwise.
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    // For Internet Explorer and Flash; and for links to other hosts, which our pages have none of.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    xDnsPrefetchControl: false,
  } satisfies FastifyHelmetOptions);
}

/**
 * Adds the Content-Security-Policy of pages to the replies of a plugin.
 * @param further directives
 */
export function registerPagePolicy(
  app: FastifyInstance,
  further: Record<string, string[]> = {},
): void {
  const directives = { ...PAGE_POLICY, ...further };
  app.addHook('onRequest', async (_request, reply) => {
    await reply.helmet({ contentSecurityPolicy: { useDefaults: false, directives } });
  });
}
