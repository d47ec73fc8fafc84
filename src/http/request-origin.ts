import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import { RequestError } from './errors.ts';

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Keeps web pages of others away where no token does: they have whatever the browser can reach.
 * - A page whose own name leads to us (DNS rebinding) would be of our origin: only names that are known
 *   to be ours are taken as `Host`, others get 421. An IP address cannot be made to lead elsewhere.
 * - A page of another origin could send what needs no preflight, such as a POST without a body: what
 *   changes something is refused with 403, unless `[http] cors` lets such pages in.
 * Does nothing where tokens or a secret are set, since a page of others has none.
 */
export function registerOriginCheck(app: FastifyInstance, { http, auth }: Config): void {
  if (auth.tokens.length > 0 || auth.secret !== undefined) return;
  const configured = new Set(http.hosts.map(withoutDot));
  const ownName = withoutDot(hostname());
  const names = new Set([
    ...configured,
    withoutDot(http.host),
    ownName,
    // What mDNS calls it (RFC 6762 §3).
    `${ownName.split('.', 1)[0]}.local`,
  ]);
  const isOurs = (name: string) =>
    isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.has(name);

  app.addHook('onRequest', async (request) => {
    const hosts = hostsOf(request);
    for (const host of hosts) {
      const name = nameOf(host);
      if (name !== undefined && isOurs(name)) continue;
      throw new RequestError(
        421,
        `Host: ${JSON.stringify(host)} is no known name of this recorder; without tokens it answers to IP addresses, localhost and the names in [http] hosts`,
      );
    }
    if (http.cors || SAFE.has(request.method)) return;
    const origin = foreignOrigin(request, hosts, configured);
    if (origin === undefined) return;
    throw new RequestError(
      403,
      `a page of ${origin} may not do this: [http] cors = true lets pages of other origins in; where that is a proxy before this recorder, its name belongs into [http] hosts`,
    );
  });
}

/** What the request calls us: its own `Host`, and what a trusted proxy says it was called. */
function hostsOf(request: FastifyRequest): string[] {
  return [...new Set([request.raw.headers.host, request.host])].filter(
    (host) => !!host,
  ) as string[];
}

/** @returns undefined for a request of ours, of a page that is ours, or of no page at all */
function foreignOrigin(
  { headers }: FastifyRequest,
  hosts: readonly string[],
  configured: ReadonlySet<string>,
): string | undefined {
  // The browser's own word, which also holds where a proxy has changed Host. It is not sent to
  // addresses that are plain http but for localhost.
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

/** Name or address in a `Host` (RFC 9110 §7.2), in lower case, IPv6 without brackets. */
function nameOf(host: string): string | undefined {
  const [, ipv6, name] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]/?#@\\]+))(?::\d*)?$/i.exec(host) ?? [];
  return ipv6 ?? (name === undefined ? undefined : withoutDot(name));
}

/** `name.` is the same as `name`, and case has no meaning. */
function withoutDot(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
