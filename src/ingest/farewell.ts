/** An address and UDP port (RFC 8445 §4: transport address). */
export interface TransportAddress {
  address: string;
  port: number;
}

/**
 * The path on which a session sends: the bound address of our UDP socket, and the address of the
 * other side.
 */
export interface TransportPath {
  local: TransportAddress;
  remote: TransportAddress;
}

/**
 * A message that tells the other side that the session is over. It can be sent without keys, in
 * case the thread that has them dies.
 */
export interface Farewell {
  path: TransportPath;
  /** DTLS close_notify, encrypted. */
  datagram: Uint8Array;
}

/**
 * Number of copies of an alert, which is never retransmitted (RFC 6347 §4.2.7); the receiver drops
 * all but one as replays.
 */
export const FAREWELL_COPIES = 3;
