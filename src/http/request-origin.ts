import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { needsToken } from './auth.ts';
import { RequestError } from './errors.ts';

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Keeps foreign web pages away if no token does: a page can reach whatever its browser can reach.
 * - A page whose own host name resolves to this recorder (DNS rebinding) would be same-origin, so
 *   only known names are accepted as `Host`; others get 421. IP addresses cannot be rebound.
 * - A page of another origin can send requests without a preflight, such as a POST without a body, so
 *   requests that change something are refused with 403 unless `[http] cors` permits them.
 * Does nothing if tokens or a secret are set, because a foreign page has none.
 */
export function registerOriginCheck(app: FastifyInstance, { http, auth }: Config): void {
  const configured = new Set(http.hosts.map(withoutDot));
  const ownName = withoutDot(hostname());
  const names = new Set([
    ...configured,
    withoutDot(http.host),
    ownName,
    // The host's name in mDNS (RFC 6762 §3).
    `${ownName.split('.', 1)[0]}.local`,
  ]);
  const isOurs = (name: string) =>
    isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.has(name);

  app.addHook('onRequest', async (request) => {
    if (needsToken(auth)) return;
    const hosts = hostsOf(request);
    for (const host of hosts) {
      const name = nameOf(host);
      if (name !== undefined && isOurs(name)) continue;
      throw new RequestError(
        421,
        `Host: ${JSON.stringify(host)} is no known name of this recorder; without tokens it accepts IP addresses, localhost and the names in [http] hosts`,
      );
    }
    if (http.cors || SAFE.has(request.method)) return;
    const origin = foreignOrigin(request, hosts, configured);
    if (origin === undefined) return;
    throw new RequestError(
      403,
      `a page of ${origin} may not do this: set [http] cors = true to allow pages of other origins; if that is a reverse proxy of this recorder, add its name to [http] hosts`,
    );
  });
}

/**
 * Names by which the request addresses us: its own `Host`, and the original one that a trusted
 * proxy reports.
 */
function hostsOf(request: FastifyRequest): string[] {
  return [...new Set([request.raw.headers.host, request.host])].filter(
    (host) => !!host,
  ) as string[];
}

/** @returns undefined for a request that comes from our own page or from no page */
function foreignOrigin(
  { headers }: FastifyRequest,
  hosts: readonly string[],
  configured: ReadonlySet<string>,
): string | undefined {
  // Set by the browser, so it is right even if a proxy has changed `Host`. Browsers omit it for
  // addresses with plain HTTP except localhost.
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return undefined;
  const { origin } = headers;
  if (site === 'cross-site') return origin ?? 'another site';
  if (origin === undefined) return undefined;
  const from = URL.parse(origin);
  if (from === null || from.host === '') return origin;
  if (configured.has(withoutDot(from.hostname))) return undefined;
  const isSame = hosts.some((host) => URL.parse(`${from.protocol}//${host}`)?.host === from.host);
  return isSame ? undefined : origin;
}

/** Name or address in a `Host` header (RFC 9110 §7.2), in lower case, IPv6 without brackets. */
function nameOf(host: string): string | undefined {
  const [, ipv6, name] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]/?#@\\]+))(?::\d*)?$/i.exec(host) ?? [];
  return ipv6 ?? (name === undefined ? undefined : withoutDot(name));
}

/** `name.` equals `name`, and names are not case-sensitive. */
function withoutDot(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
