import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TrustsAddress } from './trusted-proxy.ts';

/** What fits into a line of the log, and what proxies make: UUIDs, hexadecimal numbers. */
const ID = /^[\w.:+/=-]{1,128}$/;

/**
 * Names a request in the log and in error replies: with the `X-Request-Id` of a trusted proxy, so that
 * its log and ours can be joined, else with a random UUID.
 */
export function requestIds(
  trusts: TrustsAddress | undefined,
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string {
  return ({ headers, socket }) => {
    const given = headers['x-request-id'];
    const isUsable = typeof given === 'string' && ID.test(given);
    return isUsable && trusts?.(socket.remoteAddress ?? '', 0) ? given : randomUUID();
  };
}
