import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import { gcmMemory, KEYSTREAM_BYTES, multiplesOf } from './gcm-memory.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';

const TAG_BYTES = 16;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const CIPHER_OPTIONS = { authTagLength: TAG_BYTES };
const BLOCK_BYTES = 16;
/** Most packets in a batch. */
const MOST_PREPARED = 64;

/** The session whose keystream is in the memory of this thread. */
let prepared: SrtpAesGcm | undefined;

/**
 * AEAD_AES_128_GCM: AES in Galois/counter mode with a tag of 128 bits (RFC 7714).
 *
 * node:crypto needs an object per packet, which costs more than the cryptography. For RTP it therefore
 * only encrypts counter blocks, those of several packets in one call of one long-lived cipher (ECB, which
 * has no state between blocks); WebAssembly does the rest. RTCP is rare and left to node:crypto.
 */
export class SrtpAesGcm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + TAG_BYTES + INDEX_BYTES;
  /** A KeyObject: handing node:crypto raw bytes has it build a key anew for every packet. */
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(12);
  readonly #blockCipher: Cipheriv;
  readonly #tables: Buffer;
  /** Of each announced packet: SSRC, rollover counter, sequence number, and where its keystream begins. */
  readonly #packets = new Uint32Array(4 * MOST_PREPARED);
  #packetCount = 0;
  #keystreamEnd = 0;
  /** Whether the counter blocks of the batch have been encrypted. */
  #hasKeystream = false;
  /** Index of the announced packet that is expected next. */
  #next = 0;

  /** @param keys with a salt of 12 bytes; the authentication key is not used */
  constructor(keys: SessionKeys) {
    this.#key = createSecretKey(keys.cipherKey);
    this.#salt = Buffer.from(keys.salt);
    this.#salt.copy(this.#initializationVector);
    this.#blockCipher = createCipheriv('aes-128-ecb', this.#key, null).setAutoPadding(false);
    this.#tables = multiplesOf(this.#blockCipher.update(Buffer.alloc(BLOCK_BYTES)));
  }

  prepareRtp(bodyBytes: number, ssrc: number, rollover: number, sequenceNumber: number): void {
    if (prepared !== this || this.#hasKeystream) {
      prepared = this;
      this.#hasKeystream = false;
      this.#packetCount = 0;
      this.#keystreamEnd = 0;
      this.#next = 0;
    }
    const blocks = blocksOf(bodyBytes);
    const start = this.#keystreamEnd;
    const end = start + blocks * BLOCK_BYTES;
    // A packet that does not fit is opened on its own.
    if (this.#packetCount === MOST_PREPARED || end > KEYSTREAM_BYTES) return;
    this.#setVector(ssrc, rollover, sequenceNumber);
    gcmMemory.writeCounters(this.#initializationVector, start, blocks);
    const at = 4 * this.#packetCount;
    this.#packets[at] = ssrc;
    this.#packets[at + 1] = rollover;
    this.#packets[at + 2] = sequenceNumber;
    this.#packets[at + 3] = start;
    this.#packetCount++;
    this.#keystreamEnd = end;
  }

  finishPreparing(): void {
    if (prepared !== this || this.#hasKeystream) return;
    this.#hasKeystream = true;
    gcmMemory.setKeystream(this.#blockCipher.update(gcmMemory.keystream(this.#keystreamEnd)));
  }

  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    rollover: number,
    sequenceNumber: number,
  ): Buffer | undefined {
    const bodyBytes = datagram.length - TAG_BYTES - headerBytes;
    let keystreamStart = this.#preparedFor(ssrc, rollover, sequenceNumber);
    if (keystreamStart === undefined) {
      prepared = undefined;
      keystreamStart = 0;
      const blocks = blocksOf(bodyBytes);
      this.#setVector(ssrc, rollover, sequenceNumber);
      gcmMemory.writeCounters(this.#initializationVector, 0, blocks);
      const counters = gcmMemory.keystream(blocks * BLOCK_BYTES);
      gcmMemory.setKeystream(this.#blockCipher.update(counters));
    }
    return gcmMemory.open(this.#tables, datagram, headerBytes, bodyBytes, keystreamStart);
  }

  rtcpIndex(datagram: Buffer): number {
    return datagram.readUInt32BE(datagram.length - INDEX_BYTES) & 0x7fffffff;
  }

  openRtcp(datagram: Buffer): Buffer | undefined {
    const wordStart = datagram.length - INDEX_BYTES;
    const end = wordStart - TAG_BYTES;
    const word = datagram.subarray(wordStart);
    const tag = datagram.subarray(end, wordStart);
    const index = this.rtcpIndex(datagram);
    this.#setVector(datagram.readUInt32BE(4), index >>> 16, index & 0xffff);
    const encrypted = (word[0]! & 0x80) !== 0;
    if (!encrypted) {
      const plain = datagram.subarray(0, end);
      const opened = this.#open(Buffer.concat([plain, word]), Buffer.alloc(0), tag);
      return opened === undefined ? undefined : plain;
    }
    const header = datagram.subarray(0, RTCP_HEADER_BYTES);
    const body = this.#open(
      Buffer.concat([header, word]),
      datagram.subarray(RTCP_HEADER_BYTES, end),
      tag,
    );
    return body === undefined ? undefined : Buffer.concat([header, body]);
  }

  /**
   * Where the keystream of a packet begins, bytes, if it was announced. Packets are opened in the order of
   * their announcement, but some may be left out.
   */
  #preparedFor(ssrc: number, rollover: number, sequenceNumber: number): number | undefined {
    if (prepared !== this || !this.#hasKeystream) return undefined;
    const packets = this.#packets;
    for (let index = this.#next; index < this.#packetCount; index++) {
      const at = 4 * index;
      if (packets[at + 2] !== sequenceNumber) continue;
      if (packets[at] !== ssrc || packets[at + 1] !== rollover) continue;
      this.#next = index + 1;
      return packets[at + 3];
    }
    return undefined;
  }

  /** RFC 7714 §8.1 and §9.1: both consist of 2 zero bytes, the SSRC and 48 bits of index. */
  #setVector(ssrc: number, high: number, low: number): void {
    const vector = this.#initializationVector;
    const salt = this.#salt;
    vector.writeUInt32BE((salt.readUInt32BE(2) ^ ssrc) >>> 0, 2);
    vector.writeUInt32BE((salt.readUInt32BE(6) ^ high) >>> 0, 6);
    vector.writeUInt16BE(salt.readUInt16BE(10) ^ low, 10);
  }

  #open(associated: Buffer, ciphertext: Buffer, tag: Buffer): Buffer | undefined {
    const decipher = createDecipheriv(
      'aes-128-gcm',
      this.#key,
      this.#initializationVector,
      CIPHER_OPTIONS,
    );
    decipher.setAAD(associated);
    decipher.setAuthTag(tag);
    const plain = decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      // node:crypto reports a wrong tag only by throwing.
      return undefined;
    }
    return plain;
  }
}

/** AES blocks that opening a body takes: one for the tag, and the keystream. */
function blocksOf(bodyBytes: number): number {
  return 1 + Math.ceil(bodyBytes / BLOCK_BYTES);
}
