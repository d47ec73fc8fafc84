import type { RemoteInfo } from 'node:dgram';
import type { PeerMedia } from './datagram-bursts.ts';
import type { TransportAddress } from './farewell.ts';

/**
 * A UDP socket as a session sees it: one of its own, or its share of one that serves many sessions.
 */
export interface SessionSocket {
  /** The bound address. */
  readonly local: TransportAddress;
  /** True while only datagrams from one address arrive. */
  readonly isNarrowed: boolean;
  /** Sends a datagram. While narrowed, drops datagrams to any other address. */
  send(datagram: Buffer, port: number, address: string): void;
  /** Accepts datagrams from this address only, if the socket can; until {@link widen}. */
  narrow(peer: TransportAddress): void;
  /** Accepts datagrams from anywhere again. */
  widen(): void;
  /** The peer has passed a check from this address: what comes from there is for this session. */
  admit(peer: TransportAddress): void;
}

/**
 * Receives the datagrams of a session, with the socket to answer on. Media is only valid until it returns.
 * @returns what takes the media behind it, if it is media of the peer, see `datagram-bursts.ts`
 */
export type DatagramListener = (
  datagram: Buffer,
  from: RemoteInfo,
  socket: SessionSocket,
) => PeerMedia | undefined;

/** A transport address that we announce (RFC 8445 §5.1.1.1). */
export interface HostCandidate {
  address: string;
  port: number;
}

/** All sockets of a session. */
export interface SessionSockets {
  /** What is announced for them. */
  readonly candidates: readonly HostCandidate[];
  /** Checks for these user fragments of ours are for this session; replaces the previous ones. */
  answerTo(ufrags: readonly string[]): void;
  /** Number of datagrams that have been read from sockets that others share; 0 for own sockets. */
  readonly received: number;
  /** Resolves when no datagram arrives any more, and ports of its own are free. */
  close(): Promise<void>;
}
