/**
 * A protection profile with the session keys of RTP or of RTCP. It keeps no packet state: rollover
 * and replay are handled by the caller.
 */
export interface SrtpCipher {
  /** Difference between the sizes of a protected and an unprotected RTP packet, bytes. */
  readonly rtpOverhead: number;
  /** Minimum size of a protected RTCP packet, bytes: a header and what the profile adds. */
  readonly rtcpMinimum: number;
  /**
   * Announces a packet for {@link openRtp}, so that the keystream of several packets is computed at once.
   * Announced packets need not be opened, and others may be.
   *
   * @param bodyBytes length of what is encrypted, without what the profile adds
   */
  prepareRtp(bodyBytes: number, ssrc: number, rollover: number, sequenceNumber: number): void;
  /** Ends a batch of announced packets; to be called before the first of them is opened. */
  finishPreparing(): void;
  /**
   * Authenticates and decrypts an SRTP packet.
   *
   * @param headerBytes length of the RTP header with contributing sources and extension; at most
   * the packet's length minus `rtpOverhead`
   * @param rollover rollover counter of the packet, 32 bits (RFC 3711 §3.3.1)
   * @returns the payload with its padding, valid until any cipher opens another
   * RTP packet; undefined if authentication fails
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
   * @returns the decrypted compound packet; undefined if authentication fails
   */
  openRtcp(datagram: Buffer): Buffer | undefined;
  /**
   * Encrypts and authenticates an RTCP compound packet.
   *
   * @param index 31 bits, never the same again with these keys (RFC 3711 §3.4)
   * @returns the SRTCP packet, in memory of its own
   */
  sealRtcp(compound: Buffer, index: number): Buffer;
}
