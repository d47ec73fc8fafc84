import { isIPv4, isIPv6 } from 'node:net';

/** A TCP address to listen on. */
export interface ListenAddress {
  /** Host name or IP address; IPv6 without brackets. */
  host: string;
  /** 0 to 65535; 0 lets the system pick one. */
  port: number;
}

const HOST_NAME = /^(?!-)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.?$/;

/**
 * Parses `HOST:PORT`, where HOST is a name, an IPv4 address or an IPv6 address in brackets.
 * @returns undefined for any other text
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65535) return undefined;
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { host: ipv6, port } : undefined;
  if (name === undefined) return undefined;
  const numeric = /^[\d.]+$/.test(name);
  return (numeric ? isIPv4(name) : HOST_NAME.test(name)) ? { host: name, port } : undefined;
}

/** True if only this machine can reach the host: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    (isIPv4(host) && host.startsWith('127.')) ||
    /^(?:0*:)*0*1$/.test(host) ||
    host.toLowerCase().startsWith('::ffff:127.')
  );
}

/** `host` for use in a URL: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
