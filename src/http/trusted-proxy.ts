import proxyAddr from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';

/** Whether the `X-Forwarded-*` headers of a proxy at this address are trusted. */
export type TrustsAddress = (address: string, hop: number) => boolean;

/**
 * @param addresses IP addresses and networks (CIDR)
 * @returns undefined if there are none
 */
export function trustedProxies(addresses: string[]): TrustsAddress | undefined {
  if (addresses.length === 0) return undefined;
  const trusts = proxyAddr.compile(addresses);
  // An injected request has no address.
  return (address, hop) => address !== undefined && trusts(address, hop);
}

/**
 * The path below which a trusted proxy serves us, from `X-Forwarded-Prefix`, without a trailing
 * slash; undefined if the header is absent or not a path.
 */
export function forwardedPrefix(
  { headers, raw }: FastifyRequest,
  trusts: TrustsAddress | undefined,
): string | undefined {
  const given = headers['x-forwarded-prefix'];
  if (typeof given !== 'string' || !trusts?.(raw.socket.remoteAddress ?? '', 0)) return undefined;
  const prefix = given.replace(/\/$/, '');
  return /^(?:\/[\w.~!$&'()*+;=:@%-]+)+$/.test(prefix) ? prefix : undefined;
}
