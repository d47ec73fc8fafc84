import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';

// An import would also load the client behind `fetch`, which is 16 MB.
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

/** Limits of the connections to a server. */
export interface ConnectionLimits {
  /** Maximum number of connections; further requests wait for one. */
  sockets: number;
  /** Timeout for establishing a connection, ms. */
  connectMs: number;
  /** Maximum time without data on a connection, ms. */
  idleMs: number;
  /** Timeout for sending the request and receiving the response header, ms. */
  requestMs: number;
  /** Resolves host names instead of the system. */
  lookup?: LookupFunction;
}

/** Enough for 3 MB at 30 kB/s, and for concurrent requests of spool and playback. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  sockets: 32,
  connectMs: 5_000,
  idleMs: 30_000,
  requestMs: 120_000,
};

/** Keep-alive agents of one store. */
export interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}

/** Creates the agents of one store; close them with `destroy()`. */
export function makeAgents(limits: ConnectionLimits): Agents {
  const options = {
    keepAlive: true,
    maxSockets: limits.sockets,
    // Also closes idle connections, before a server or a NAT drops them.
    timeout: limits.idleMs,
    ...(limits.lookup ? { lookup: limits.lookup } : {}),
  };
  return { http: new http.Agent(options), https: new https.Agent(options) };
}
