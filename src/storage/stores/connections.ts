import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';

/** Bounds of everything a store asks of a server. */
export interface ConnectionLimits {
  /** Connections at a time; further calls wait for one. */
  sockets: number;
  /** Longest wait for a connection, ms. */
  connectMs: number;
  /** Longest silence on a connection, ms. */
  idleMs: number;
  /** Longest wait for the head of an answer, with the request body sent before it, ms. */
  requestMs: number;
  /** Resolves host names instead of the system. */
  lookup?: LookupFunction;
}

/** Enough for 3 MB at 30 kB/s, and for the spool's and playback's calls side by side. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  sockets: 32,
  connectMs: 5_000,
  idleMs: 30_000,
  requestMs: 120_000,
};

/** Agents that keep connections open, for one store alone. */
export interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}

/** Makes the agents of one store; close them with `destroy()`. */
export function makeAgents(limits: ConnectionLimits): Agents {
  const options = {
    keepAlive: true,
    maxSockets: limits.sockets,
    // Also ends idle kept connections, before a server or a NAT forgets them.
    timeout: limits.idleMs,
    ...(limits.lookup ? { lookup: limits.lookup } : {}),
  };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}
