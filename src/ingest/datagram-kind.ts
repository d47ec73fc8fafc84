// The first byte distinguishes the protocols on a socket (RFC 7983 §7). An empty datagram is of none.

/** STUN. */
export function isStun(datagram: Buffer): boolean {
  return datagram[0]! <= 3;
}

/** DTLS. */
export function isDtls(datagram: Buffer): boolean {
  return datagram[0]! >= 20 && datagram[0]! <= 63;
}

/** RTP or RTCP, in SRTP or SRTCP. */
export function isMedia(datagram: Buffer): boolean {
  return datagram[0]! >= 128 && datagram[0]! <= 191;
}
