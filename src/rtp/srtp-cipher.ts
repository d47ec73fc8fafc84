import type { KeystreamAhead, PastPackets } from './keystream-ahead.ts';

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
   * Keystream of the packets of an SSRC that come next, for {@link openRtp} or {@link sealRtcp}. It has to be
   * released.
   */
  keystreamAhead(ssrc: number, past: PastPackets): KeystreamAhead;
  /**
   * Authenticates and decrypts an SRTP packet.
   *
   * @param headerBytes length of the RTP header with contributing sources and extension; at most
   * the packet's length minus `rtpOverhead`
   * @param index 48 bits: rollover counter × 2^16 + sequence number (RFC 3711 §3.3.1)
   * @param keystream that of the SSRC; without it, the packet is decrypted alone, which costs more
   * @returns the payload with its padding, valid until any cipher opens another
   * RTP packet; undefined if authentication fails
   */
  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    index: number,
    keystream?: KeystreamAhead,
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
   * @param keystream that of the SSRC of its first packet
   * @returns the SRTCP packet, in memory of its own
   */
  sealRtcp(compound: Buffer, index: number, keystream: KeystreamAhead): Buffer;
}
