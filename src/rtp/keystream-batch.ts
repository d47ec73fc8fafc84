import type { Cipheriv } from 'node:crypto';
import { KEYSTREAM_BYTES, srtpMemory } from './srtp-memory.ts';

const BLOCK_BYTES = 16;
/** Most packets in a batch. */
const MOST_PACKETS = 64;

/** The batch whose keystream is in the memory of this thread. */
let present: KeystreamBatch | undefined;

/**
 * The keystream of several packets of a session, computed in one call of one long-lived cipher: AES in
 * both profiles of SRTP encrypts counter blocks. node:crypto needs an object per packet otherwise, which
 * costs more than the cryptography.
 *
 * Announce packets with {@link reserve}, writing their counter blocks, then {@link finish}, then
 * {@link find} each.
 */
export class KeystreamBatch {
  readonly #blockCipher: Cipheriv;
  /** Of each packet: SSRC, rollover counter, sequence number, and where its keystream begins. */
  readonly #packets = new Uint32Array(4 * MOST_PACKETS);
  #packetCount = 0;
  #end = 0;
  /** Whether the counter blocks have been encrypted. */
  #isFinished = false;
  /** Index of the packet that is expected next. */
  #next = 0;

  /** @param blockCipher AES in ECB mode without padding, which has no state between blocks */
  constructor(blockCipher: Cipheriv) {
    this.#blockCipher = blockCipher;
  }

  /**
   * Makes room for the counter blocks of a packet.
   * @returns where to write them, bytes; -1 if there is no room, and the packet has to be opened alone
   */
  reserve(blocks: number, ssrc: number, rollover: number, sequenceNumber: number): number {
    if (present !== this || this.#isFinished) {
      present = this;
      this.#isFinished = false;
      this.#packetCount = 0;
      this.#end = 0;
      this.#next = 0;
    }
    const start = this.#end;
    const end = start + blocks * BLOCK_BYTES;
    if (this.#packetCount === MOST_PACKETS || end > KEYSTREAM_BYTES) return -1;
    const at = 4 * this.#packetCount;
    this.#packets[at] = ssrc;
    this.#packets[at + 1] = rollover;
    this.#packets[at + 2] = sequenceNumber;
    this.#packets[at + 3] = start;
    this.#packetCount++;
    this.#end = end;
    return start;
  }

  /** Encrypts the counter blocks of all announced packets. */
  finish(): void {
    if (present !== this || this.#isFinished) return;
    this.#isFinished = true;
    encrypt(this.#blockCipher, this.#end);
  }

  /**
   * Where the keystream of a packet begins, bytes; -1 if it was not announced, or another session needed
   * the memory since. Packets are looked for in the order of their announcement, but some may be left out.
   */
  find(ssrc: number, rollover: number, sequenceNumber: number): number {
    if (present !== this || !this.#isFinished) return -1;
    const packets = this.#packets;
    for (let index = this.#next; index < this.#packetCount; index++) {
      const at = 4 * index;
      if (packets[at + 2] !== sequenceNumber) continue;
      if (packets[at] !== ssrc || packets[at + 1] !== rollover) continue;
      this.#next = index + 1;
      return packets[at + 3]!;
    }
    return -1;
  }

  /** Encrypts the counter blocks at 0, of one packet that was not announced; ends the batch. */
  encryptOne(blocks: number): void {
    encryptCounters(this.#blockCipher, blocks);
  }
}

/**
 * Encrypts the counter blocks at 0; ends the batch of whichever session has one.
 * @param blockCipher AES in ECB mode without padding
 */
export function encryptCounters(blockCipher: Cipheriv, blocks: number): void {
  present = undefined;
  encrypt(blockCipher, blocks * BLOCK_BYTES);
}

function encrypt(blockCipher: Cipheriv, end: number): void {
  srtpMemory.setKeystream(blockCipher.update(srtpMemory.keystream(end)));
}
