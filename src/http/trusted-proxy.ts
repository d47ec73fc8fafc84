import proxyAddr from '@fastify/proxy-addr';
import type { FastifyRequest } from 'fastify';

/** Tells whether an address is that of a proxy whose `X-Forwarded-*` headers are believed. */
export type TrustsAddress = (address: string, hop: number) => boolean;

/** @param addresses IP addresses and networks (CIDR); undefined is returned where there are none */
export function trustedProxies(addresses: string[]): TrustsAddress | undefined {
  if (addresses.length === 0) return undefined;
  const trusts = proxyAddr.compile(addresses);
  // A request that was injected comes from no address.
  return (address, hop) => address !== undefined && trusts(address, hop);
}

/**
 * The path below which a trusted proxy serves us, from `X-Forwarded-Prefix`, without a slash at its
 * end; undefined where there is none, or it is no path.
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
