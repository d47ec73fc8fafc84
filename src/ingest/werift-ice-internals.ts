import type { Socket } from 'node:dgram';
import type { Candidate, Connection, Message } from 'werift';
import { requireMembers } from './werift-members.ts';

/** A path of werift's: a UDP socket of ours, or a relay. */
export interface Way {
  type: string;
  transport: { socket: Socket };
  localCandidate?: Candidate;
}

/** A pair of candidates that can reach each other. */
export type CandidatePair = NonNullable<Connection['nominated']>;

/** Undocumented members of a werift ICE connection that are used here. */
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

/** Their names and types. */
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
 * Checks that a werift ICE connection has the members that `werift-ice.ts` uses.
 * @throws Error that names the missing member
 */
export function requireIceInternals(connection: object): void {
  requireMembers(connection, 'Connection', REQUIRED_INTERNALS);
}
