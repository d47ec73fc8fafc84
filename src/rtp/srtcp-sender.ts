import { createSrtpCipher } from './create-srtp-cipher.ts';
import type { KeystreamAhead } from './keystream-ahead.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SrtpKeys } from './srtp-keys.ts';

/** An index must not come twice with the same keys (RFC 3711 §9.1). */
const MOST_PACKETS = 0x80000000;

/** Encrypts and authenticates outgoing SRTCP (RFC 3711 §3.4, RFC 7714 §9). */
export class SrtcpSender {
  readonly #cipher: SrtpCipher;
  /** What was sealed so far. */
  readonly #past = { highest: -1 };
  /** That of the SSRC of the last packet. */
  #keystream: KeystreamAhead | undefined;

  /**
   * @param keys of our own direction
   * @throws RangeError if a key has the wrong length
   */
  constructor(keys: SrtpKeys) {
    this.#cipher = createSrtpCipher(keys, 'rtcp');
  }

  /**
   * Seals a compound packet.
   *
   * @param compound at least 8 bytes
   * @returns the SRTCP packet, in memory of its own
   * @throws RangeError after 2^31 packets, years of feedback: the session needs new keys
   */
  seal(compound: Buffer): Buffer {
    const index = this.#past.highest + 1;
    if (index === MOST_PACKETS) throw new RangeError('the keys of SRTCP are used up');
    const sealed = this.#cipher.sealRtcp(
      compound,
      index,
      this.#keystreamOf(compound.readUInt32BE(4)),
    );
    this.#past.highest = index;
    return sealed;
  }

  /** Gives memory to other sessions. Later packets are still sealed, at a higher price. */
  close(): void {
    this.#keystream?.release();
  }

  #keystreamOf(ssrc: number): KeystreamAhead {
    if (this.#keystream?.ssrc === ssrc) return this.#keystream;
    this.#keystream?.release();
    this.#keystream = this.#cipher.keystreamAhead(ssrc, this.#past);
    return this.#keystream;
  }
}
