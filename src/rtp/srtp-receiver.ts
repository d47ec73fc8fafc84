import { createSrtpCipher } from './create-srtp-cipher.ts';
import type { KeystreamAhead } from './keystream-ahead.ts';
import { ReplayWindow } from './replay-window.ts';
import type { RtpHeader } from './rtp-header.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SrtpKeys } from './srtp-keys.ts';
import { SsrcTable } from './ssrc-table.ts';

/**
 * Size of the replay window in packets: half a second at 2000 packets per second, for late
 * retransmissions.
 */
const REPLAY_PACKETS = 1024;
/**
 * Maximum number of SSRCs. A publisher has four (two tracks, each with retransmission); SFUs change
 * them occasionally.
 */
const MAXIMUM_STREAMS = 64;

/** What is kept of an SSRC from its first authentic packet on. */
interface SrtpStream {
  /** Its highest index represents ROC and s_l of RFC 3711. */
  window: ReplayWindow;
  keystream: KeystreamAhead;
}

/**
 * Authenticates and decrypts incoming SRTP (RFC 3711 §3.3, RFC 7714): keeps the rollover counter
 * and the replay window of every SSRC. Unauthenticated packets neither create nor change them.
 */
export class SrtpReceiver {
  readonly #cipher: SrtpCipher;
  readonly #streams = new SsrcTable<SrtpStream>(MAXIMUM_STREAMS);
  /** Packets that failed authentication: forged, damaged, or with other keys. */
  authenticationFailures = 0;
  /** Packets that were received before, or are too old to tell. */
  replayed = 0;

  /** @throws RangeError if a key has the wrong length */
  constructor(keys: SrtpKeys) {
    this.#cipher = createSrtpCipher(keys, 'rtp');
  }

  /** Difference between the sizes of a protected and an unprotected packet, bytes. */
  get overhead(): number {
    return this.#cipher.rtpOverhead;
  }

  /**
   * Decrypts a packet.
   *
   * @param datagram the whole packet, not changed
   * @param header parsed from it with a limit of its length minus `overhead`
   * @returns the payload with its padding, valid until any session opens its next packet; undefined
   * if the packet must be dropped, which is counted
   */
  open(datagram: Buffer, header: RtpHeader): Buffer | undefined {
    const { ssrc, sequenceNumber } = header;
    const stream = this.#streams.get(ssrc);
    if (stream === undefined) return this.#openFirst(datagram, header);
    const { window, keystream } = stream;
    const rollover = estimateRollover(window.highest, sequenceNumber);
    const index = rollover * 0x10000 + sequenceNumber;
    if (!window.isNew(index)) {
      this.replayed++;
      return undefined;
    }
    const payload = this.#cipher.openRtp(datagram, header.bytes, ssrc, index, keystream);
    if (payload === undefined) {
      this.authenticationFailures++;
      return undefined;
    }
    window.mark(index);
    return payload;
  }

  /** Gives memory to other sessions. Later packets are still decrypted, at a higher price. */
  close(): void {
    for (const { keystream } of this.#streams.values()) keystream.release();
  }

  /**
   * The first packet of an SSRC has rollover counter 0, unless earlier packets with the wrap were
   * lost: an SFU starts anywhere in the 16 bits, and such a stream could never be decrypted
   * otherwise.
   */
  #openFirst(datagram: Buffer, header: RtpHeader): Buffer | undefined {
    const { ssrc, sequenceNumber } = header;
    const mayHaveWrapped = sequenceNumber < 0x8000;
    for (let rollover = 0; rollover <= (mayHaveWrapped ? 1 : 0); rollover++) {
      const index = rollover * 0x10000 + sequenceNumber;
      const payload = this.#cipher.openRtp(datagram, header.bytes, ssrc, index);
      if (payload === undefined) continue;
      const window = new ReplayWindow(REPLAY_PACKETS);
      window.mark(index);
      const keystream = this.#cipher.keystreamAhead(ssrc, window);
      this.#streams.set(ssrc, { window, keystream })?.keystream.release();
      return payload;
    }
    this.authenticationFailures++;
    return undefined;
  }
}

/**
 * The rollover counter that brings `sequenceNumber` nearest to the highest index (RFC 3711 §3.3.1).
 * It is correct as long as fewer than 2^15 consecutive packets were lost.
 *
 * @param highest index of 48 bits: rollover counter × 2^16 + sequence number
 * @param sequenceNumber 16 bits
 */
export function estimateRollover(highest: number, sequenceNumber: number): number {
  const rollover = Math.floor(highest / 0x10000);
  const distance = sequenceNumber - (highest - rollover * 0x10000);
  // A distance of half the range is ambiguous; only forward can be a useful packet.
  if (distance <= -0x8000) return rollover + 1;
  // No packet precedes the start: one that appears to is ahead by more than half the range.
  if (distance > 0x8000 && rollover > 0) return rollover - 1;
  return rollover;
}
