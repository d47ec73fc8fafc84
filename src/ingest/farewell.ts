/** An address and UDP port (RFC 8445 §4: transport address). */
export interface TransportAddress {
  address: string;
  port: number;
}

/** From where to where a session sends: a UDP socket of ours, as it is bound, and the other side. */
export interface TransportPath {
  local: TransportAddress;
  remote: TransportAddress;
}

/**
 * What tells the other side of a session that it is over, without any of its keys: for the case that
 * the thread that has them dies.
 */
export interface Farewell {
  path: TransportPath;
  /** DTLS close_notify, encrypted. */
  datagram: Uint8Array;
}

/** Copies of an alert, which is not retransmitted (RFC 6347 §4.2.7); all but one are taken for replays. */
export const FAREWELL_COPIES = 3;
