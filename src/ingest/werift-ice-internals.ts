import type { Socket } from 'node:dgram';
import type { Candidate, Connection, Message } from 'werift';
import { requireMembers } from './werift-members.ts';

/** A way that werift sends and receives on: a UDP socket of ours, or a relay. */
export interface Way {
  type: string;
  transport: { socket: Socket };
  localCandidate?: Candidate;
}

/** Two ends that can reach each other, as werift has them. */
export type CandidatePair = NonNullable<Connection['nominated']>;

/** What we use of a werift ICE connection beyond its documented surface. */
export interface IceInternals {
  protocols: Way[];
  ensureProtocol(way: object): void;
  pairLocalProtocol(way: object): void;
  appendLocalCandidate(candidate: Candidate): void;
  buildRequest(parameters: {
    nominate: boolean;
    remoteUsername: string;
    localUsername: string;
    iceControlling: boolean;
    localCandidate: Candidate;
  }): Message;
}

/** The same, and what each must be. */
const REQUIRED_INTERNALS = [
  ['protocols', 'object'],
  ['ensureProtocol', 'function'],
  ['pairLocalProtocol', 'function'],
  ['appendLocalCandidate', 'function'],
  ['buildRequest', 'function'],
  ['stunServer', 'object'],
  ['checkList', 'object'],
] as const;

/**
 * Checks that a werift ICE connection is built as `werift-ice.ts` expects.
 * @throws Error naming the internal that moved
 */
export function requireIceInternals(connection: object): void {
  requireMembers(connection, 'Connection', REQUIRED_INTERNALS);
}
