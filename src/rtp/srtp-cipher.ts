/**
 * One protection profile, bound to the session keys of RTP or of RTCP. It keeps no state of packets:
 * rollover and replay are the business of whoever calls it.
 */
export interface SrtpCipher {
  /** Bytes that a protected RTP packet is longer than the plain one. */
  readonly rtpOverhead: number;
  /** Bytes of the shortest protected RTCP packet: one header and what the profile adds. */
  readonly rtcpMinimum: number;
  /**
   * Authenticates and decrypts an SRTP packet.
   *
   * @param headerBytes length of the RTP header with contributing sources and extension; at most the
   *   packet's length less `rtpOverhead`
   * @param rollover rollover counter of the packet, 32 bits (RFC 3711 §3.3.1)
   * @returns the payload with its padding; undefined when authentication fails
   */
  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    rollover: number,
    sequenceNumber: number,
  ): Buffer | undefined;
  /** Index of an SRTCP packet (31 bits, RFC 3711 §3.4), not authenticated yet. */
  rtcpIndex(datagram: Buffer): number;
  /**
   * Authenticates and decrypts an SRTCP packet of at least `rtcpMinimum` bytes.
   *
   * @returns the plain compound packet; undefined when authentication fails
   */
  openRtcp(datagram: Buffer): Buffer | undefined;
}
