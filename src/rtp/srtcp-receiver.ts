import { createSrtpCipher } from './create-srtp-cipher.ts';
import { ReplayWindow } from './replay-window.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SrtpKeys } from './srtp-keys.ts';
import { SsrcTable } from './ssrc-table.ts';

const REPLAY_PACKETS = 128;
const MAXIMUM_STREAMS = 64;

/**
 * Authenticates and decrypts incoming SRTCP (RFC 3711 §3.4, RFC 7714 §9) and keeps the replay
 * window of every sender. Unauthenticated packets neither create nor move a window.
 */
export class SrtcpReceiver {
  readonly #cipher: SrtpCipher;
  readonly #senders = new SsrcTable<ReplayWindow>(MAXIMUM_STREAMS);
  /** Packets that failed authentication: forged, damaged, or with other keys. */
  authenticationFailures = 0;
  /** Packets that were received before, or are too old to tell. */
  replayed = 0;
  /** Packets that are too short for SRTCP. */
  malformed = 0;

  /** @throws RangeError if a key has the wrong length */
  constructor(keys: SrtpKeys) {
    this.#cipher = createSrtpCipher(keys, 'rtcp');
  }

  /**
   * Decrypts a packet.
   *
   * @returns the decrypted compound packet; undefined if the packet must be dropped, which is
   * counted
   */
  open(datagram: Buffer): Buffer | undefined {
    if (datagram.length < this.#cipher.rtcpMinimum) {
      this.malformed++;
      return undefined;
    }
    const ssrc = datagram.readUInt32BE(4);
    const index = this.#cipher.rtcpIndex(datagram);
    const known = this.#senders.get(ssrc);
    if (known !== undefined && !known.isNew(index)) {
      this.replayed++;
      return undefined;
    }
    const plain = this.#cipher.openRtcp(datagram);
    if (plain === undefined) {
      this.authenticationFailures++;
      return undefined;
    }
    const window = known ?? new ReplayWindow(REPLAY_PACKETS);
    window.mark(index);
    if (known === undefined) this.#senders.set(ssrc, window);
    return plain;
  }
}
