import { createSrtpCipher } from './create-srtp-cipher.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SrtpKeys } from './srtp-keys.ts';

/** An index must not come twice with the same keys (RFC 3711 §9.1). */
const MOST_PACKETS = 0x80000000;

/** Encrypts and authenticates outgoing SRTCP (RFC 3711 §3.4, RFC 7714 §9). */
export class SrtcpSender {
  readonly #cipher: SrtpCipher;
  #index = 0;

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
   * @returns the SRTCP packet, in memory of its own
   * @throws RangeError after 2^31 packets, years of feedback: the session needs new keys
   */
  seal(compound: Buffer): Buffer {
    if (this.#index === MOST_PACKETS) throw new RangeError('the keys of SRTCP are used up');
    return this.#cipher.sealRtcp(compound, this.#index++);
  }
}
