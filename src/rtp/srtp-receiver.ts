import { createSrtpCipher } from './create-srtp-cipher.ts';
import { ReplayWindow } from './replay-window.ts';
import type { RtpHeader } from './rtp-header.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SrtpKeys } from './srtp-keys.ts';
import { SsrcTable } from './ssrc-table.ts';

/** Packets: half a second of a stream of 2,000 packets a second, for late retransmissions. */
const REPLAY_PACKETS = 1024;
/** A publisher sends four SSRCs (two tracks, two for retransmission); SFUs change them at times. */
const MAXIMUM_STREAMS = 64;

/**
 * Authenticates and decrypts incoming SRTP (RFC 3711 §3.3, RFC 7714): keeps the rollover counter and
 * the replay window of every SSRC. Neither is made nor moved by a packet that is not authenticated.
 */
export class SrtpReceiver {
  readonly #cipher: SrtpCipher;
  /** The window's highest index is what RFC 3711 keeps as ROC and s_l. */
  readonly #streams = new SsrcTable<ReplayWindow>(MAXIMUM_STREAMS);
  /** Packets that did not authenticate: forged, damaged, or under other keys. */
  authenticationFailures = 0;
  /** Packets received before, or too old to tell. */
  replayed = 0;

  /** @throws RangeError when a key has the wrong length */
  constructor(keys: SrtpKeys) {
    this.#cipher = createSrtpCipher(keys, 'rtp');
  }

  /** Bytes that a protected packet is longer than the plain one. */
  get overhead(): number {
    return this.#cipher.rtpOverhead;
  }

  /**
   * Opens one packet.
   *
   * @param datagram the whole packet, not changed
   * @param header parsed from it with a limit of its length less `overhead`
   * @returns the payload with its padding, in memory of its own; undefined when the packet must be
   *   dropped, which is counted then
   */
  open(datagram: Buffer, header: RtpHeader): Buffer | undefined {
    const { ssrc, sequenceNumber } = header;
    const window = this.#streams.get(ssrc);
    if (window === undefined) return this.#openFirst(datagram, header);
    const rollover = estimateRollover(window.highest, sequenceNumber);
    const index = rollover * 0x10000 + sequenceNumber;
    if (!window.isNew(index)) {
      this.replayed++;
      return undefined;
    }
    const payload = this.#cipher.openRtp(datagram, header.bytes, ssrc, rollover, sequenceNumber);
    if (payload === undefined) {
      this.authenticationFailures++;
      return undefined;
    }
    window.mark(index);
    return payload;
  }

  /**
   * The first packet of an SSRC has rollover 0, unless those before the wrap were lost: a forwarding
   * unit starts anywhere in the 16 bits, and such a stream could otherwise never be opened.
   */
  #openFirst(datagram: Buffer, header: RtpHeader): Buffer | undefined {
    const { ssrc, sequenceNumber } = header;
    const mayHaveWrapped = sequenceNumber < 0x8000;
    for (let rollover = 0; rollover <= (mayHaveWrapped ? 1 : 0); rollover++) {
      const payload = this.#cipher.openRtp(datagram, header.bytes, ssrc, rollover, sequenceNumber);
      if (payload === undefined) continue;
      const window = new ReplayWindow(REPLAY_PACKETS);
      window.mark(rollover * 0x10000 + sequenceNumber);
      this.#streams.set(ssrc, window);
      return payload;
    }
    this.authenticationFailures++;
    return undefined;
  }
}

/**
 * The rollover counter that brings `sequenceNumber` nearest to the highest index so far (RFC 3711
 * §3.3.1). It is right as long as fewer than 2^15 packets in a row were lost.
 *
 * @param highest index of 48 bits: rollover counter × 2^16 + sequence number
 * @param sequenceNumber 16 bits
 */
export function estimateRollover(highest: number, sequenceNumber: number): number {
  const rollover = Math.floor(highest / 0x10000);
  const distance = sequenceNumber - (highest - rollover * 0x10000);
  // Half of the 16 bits apart could be either way; only forward can be a packet worth having.
  if (distance <= -0x8000) return rollover + 1;
  // Nothing comes before the start: what seems to is ahead by more than half of the 16 bits.
  if (distance > 0x8000 && rollover > 0) return rollover - 1;
  return rollover;
}
