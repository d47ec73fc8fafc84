import {
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';

const TAG_BYTES = 10;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;

/**
 * AES_CM_128_HMAC_SHA1_80: AES in counter mode and an HMAC-SHA1 of 80 bits (RFC 3711 §4.1.1, §4.2).
 */
export class SrtpAesCm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + INDEX_BYTES + TAG_BYTES;
  /** KeyObjects, because node:crypto would create a key from raw bytes for every packet. */
  readonly #cipherKey: KeyObject;
  readonly #authenticationKey: KeyObject;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(16);
  readonly #rollover = Buffer.alloc(4);

  /** @param keys with a salt of 14 bytes and an authentication key of 20 */
  constructor(keys: SessionKeys) {
    this.#cipherKey = createSecretKey(keys.cipherKey);
    this.#authenticationKey = createSecretKey(keys.authenticationKey);
    this.#salt = Buffer.alloc(16);
    keys.salt.copy(this.#salt);
    this.#salt.copy(this.#initializationVector);
  }

  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    rollover: number,
    sequenceNumber: number,
  ): Buffer | undefined {
    const end = datagram.length - TAG_BYTES;
    this.#rollover.writeUInt32BE(rollover);
    const digest = createHmac('sha1', this.#authenticationKey)
      .update(datagram.subarray(0, end))
      .update(this.#rollover)
      .digest();
    if (!timingSafeEqual(digest.subarray(0, TAG_BYTES), datagram.subarray(end))) return undefined;
    return this.#decrypt(datagram.subarray(headerBytes, end), ssrc, rollover, sequenceNumber);
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

  /** The packet index (48 bits) has two halves: `high` × 2^16 + `low`. */
  #decrypt(ciphertext: Buffer, ssrc: number, high: number, low: number): Buffer {
    const vector = this.#initializationVector;
    const salt = this.#salt;
    vector.writeUInt32BE((salt.readUInt32BE(4) ^ ssrc) >>> 0, 4);
    vector.writeUInt32BE((salt.readUInt32BE(8) ^ high) >>> 0, 8);
    vector.writeUInt16BE(salt.readUInt16BE(12) ^ low, 12);
    return createDecipheriv('aes-128-ctr', this.#cipherKey, vector).update(ciphertext);
  }
}
