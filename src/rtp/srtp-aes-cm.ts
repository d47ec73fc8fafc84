import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { KeystreamBatch } from './keystream-batch.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';
import { srtpMemory } from './srtp-memory.ts';

const TAG_BYTES = 10;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const CIPHER_BLOCK_BYTES = 16;
const HASH_BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;

/**
 * AES_CM_128_HMAC_SHA1_80: AES in counter mode and an HMAC-SHA1 of 80 bits (RFC 3711 §4.1.1, §4.2).
 *
 * For RTP, node:crypto only encrypts counter blocks (`keystream-batch.ts`) and hashes: an HMAC is two
 * hashes (RFC 2104 §2), and two calls of `hash` cost less than one object. RTCP is rare and left to
 * node:crypto.
 */
export class SrtpAesCm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + INDEX_BYTES + TAG_BYTES;
  /** KeyObjects, because node:crypto would create a key from raw bytes for every packet. */
  readonly #cipherKey: KeyObject;
  readonly #authenticationKey: KeyObject;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(16);
  /** For RTP, from its first packet on: a cipher is for RTP or for RTCP. */
  #batch: KeystreamBatch | undefined;
  /** The authentication key, combined with the inner padding. */
  readonly #innerBlock: Buffer;
  /** The authentication key, combined with the outer padding, and behind it the inner hash. */
  readonly #outer: Buffer;

  /** @param keys with a salt of 14 bytes and an authentication key of 20 */
  constructor(keys: SessionKeys) {
    this.#cipherKey = createSecretKey(keys.cipherKey);
    this.#authenticationKey = createSecretKey(keys.authenticationKey);
    this.#salt = Buffer.alloc(16);
    keys.salt.copy(this.#salt);
    this.#salt.copy(this.#initializationVector);
    this.#innerBlock = padded(keys.authenticationKey, 0x36);
    this.#outer = Buffer.concat([padded(keys.authenticationKey, 0x5c), Buffer.alloc(DIGEST_BYTES)]);
  }

  prepareRtp(bodyBytes: number, ssrc: number, rollover: number, sequenceNumber: number): void {
    const blocks = blocksOf(bodyBytes);
    this.#batch ??= createBatch(this.#cipherKey);
    const start = this.#batch.reserve(blocks, ssrc, rollover, sequenceNumber);
    if (start < 0) return;
    this.#setVector(ssrc, rollover, sequenceNumber);
    srtpMemory.writeCmCounters(this.#initializationVector, start, blocks);
  }

  finishPreparing(): void {
    this.#batch?.finish();
  }

  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    rollover: number,
    sequenceNumber: number,
  ): Buffer | undefined {
    const end = datagram.length - TAG_BYTES;
    const authenticated = srtpMemory.load(this.#innerBlock, datagram, end, rollover);
    if (!this.#isAuthentic(authenticated, datagram, end)) return undefined;
    const bodyBytes = end - headerBytes;
    this.#batch ??= createBatch(this.#cipherKey);
    let start = this.#batch.find(ssrc, rollover, sequenceNumber);
    if (start < 0) {
      start = 0;
      const blocks = blocksOf(bodyBytes);
      this.#setVector(ssrc, rollover, sequenceNumber);
      srtpMemory.writeCmCounters(this.#initializationVector, start, blocks);
      this.#batch.encryptOne(blocks);
    }
    return srtpMemory.decryptLoaded(headerBytes, bodyBytes, start);
  }

  rtcpIndex(datagram: Buffer): number {
    return datagram.readUInt32BE(datagram.length - TAG_BYTES - INDEX_BYTES) & 0x7fffffff;
  }

  openRtcp(datagram: Buffer): Buffer | undefined {
    const tagStart = datagram.length - TAG_BYTES;
    const digest = createHmac('sha1', this.#authenticationKey)
      .update(datagram.subarray(0, tagStart))
      .digest();
    if (!timingSafeEqual(digest.subarray(0, TAG_BYTES), datagram.subarray(tagStart))) {
      return undefined;
    }
    const end = tagStart - INDEX_BYTES;
    const encrypted = (datagram[end]! & 0x80) !== 0;
    if (!encrypted) return datagram.subarray(0, end);
    const index = this.rtcpIndex(datagram);
    const body = this.#decrypt(
      datagram.subarray(RTCP_HEADER_BYTES, end),
      datagram.readUInt32BE(4),
      index >>> 16,
      index & 0xffff,
    );
    return Buffer.concat([datagram.subarray(0, RTCP_HEADER_BYTES), body]);
  }

  /**
   * Compares the whole tag whatever differs. Digests are strings of one byte a character: those of
   * `hash` cost half as much as its buffers.
   */
  #isAuthentic(authenticated: Buffer, datagram: Buffer, tagStart: number): boolean {
    this.#outer.write(hash('sha1', authenticated, 'latin1'), HASH_BLOCK_BYTES, 'latin1');
    const digest = hash('sha1', this.#outer, 'latin1');
    let difference = 0;
    for (let index = 0; index < TAG_BYTES; index++) {
      difference |= digest.charCodeAt(index) ^ datagram[tagStart + index]!;
    }
    return difference === 0;
  }

  #decrypt(ciphertext: Buffer, ssrc: number, high: number, low: number): Buffer {
    this.#setVector(ssrc, high, low);
    return createDecipheriv('aes-128-ctr', this.#cipherKey, this.#initializationVector).update(
      ciphertext,
    );
  }

  /** The packet index (48 bits) has two halves: `high` × 2^16 + `low`. */
  #setVector(ssrc: number, high: number, low: number): void {
    const vector = this.#initializationVector;
    const salt = this.#salt;
    vector.writeUInt32BE((salt.readUInt32BE(4) ^ ssrc) >>> 0, 4);
    vector.writeUInt32BE((salt.readUInt32BE(8) ^ high) >>> 0, 8);
    vector.writeUInt16BE(salt.readUInt16BE(12) ^ low, 12);
  }
}

function createBatch(key: KeyObject): KeystreamBatch {
  return new KeystreamBatch(createCipheriv('aes-128-ecb', key, null).setAutoPadding(false));
}

function padded(key: Buffer, padding: number): Buffer {
  const block = Buffer.alloc(HASH_BLOCK_BYTES, padding);
  for (const [index, byte] of key.entries()) block[index]! ^= byte;
  return block;
}

/** AES blocks of keystream for a body. */
function blocksOf(bodyBytes: number): number {
  return Math.ceil(bodyBytes / CIPHER_BLOCK_BYTES);
}
