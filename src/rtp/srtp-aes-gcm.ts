import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { KeystreamBatch } from './keystream-batch.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';
import { multiplesOf, srtpMemory } from './srtp-memory.ts';

const TAG_BYTES = 16;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const CIPHER_OPTIONS = { authTagLength: TAG_BYTES };
const BLOCK_BYTES = 16;

/** Keystream, and the tables of GHASH. */
interface RtpState {
  batch: KeystreamBatch;
  tables: Buffer;
}

/**
 * AEAD_AES_128_GCM: AES in Galois/counter mode with a tag of 128 bits (RFC 7714).
 *
 * For RTP, node:crypto only encrypts counter blocks (`keystream-batch.ts`), and WebAssembly does the rest.
 * RTCP is rare and left to node:crypto.
 */
export class SrtpAesGcm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + TAG_BYTES + INDEX_BYTES;
  /** A KeyObject: handing node:crypto raw bytes has it build a key anew for every packet. */
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(12);
  /** What only RTP needs, from its first packet on: a cipher is for RTP or for RTCP. */
  #rtp: RtpState | undefined;

  /** @param keys with a salt of 12 bytes; the authentication key is not used */
  constructor(keys: SessionKeys) {
    this.#key = createSecretKey(keys.cipherKey);
    this.#salt = Buffer.from(keys.salt);
    this.#salt.copy(this.#initializationVector);
  }

  prepareRtp(bodyBytes: number, ssrc: number, rollover: number, sequenceNumber: number): void {
    const blocks = blocksOf(bodyBytes);
    this.#rtp ??= createRtpState(this.#key);
    const start = this.#rtp.batch.reserve(blocks, ssrc, rollover, sequenceNumber);
    if (start < 0) return;
    this.#setVector(ssrc, rollover, sequenceNumber);
    srtpMemory.writeGcmCounters(this.#initializationVector, start, blocks);
  }

  finishPreparing(): void {
    this.#rtp?.batch.finish();
  }

  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    rollover: number,
    sequenceNumber: number,
  ): Buffer | undefined {
    const bodyBytes = datagram.length - TAG_BYTES - headerBytes;
    this.#rtp ??= createRtpState(this.#key);
    const { batch, tables } = this.#rtp;
    let start = batch.find(ssrc, rollover, sequenceNumber);
    if (start < 0) {
      start = 0;
      const blocks = blocksOf(bodyBytes);
      this.#setVector(ssrc, rollover, sequenceNumber);
      srtpMemory.writeGcmCounters(this.#initializationVector, start, blocks);
      batch.encryptOne(blocks);
    }
    return srtpMemory.openGcm(tables, datagram, headerBytes, bodyBytes, start);
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

function createRtpState(key: KeyObject): RtpState {
  const blockCipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const tables = multiplesOf(blockCipher.update(Buffer.alloc(BLOCK_BYTES)));
  return { batch: new KeystreamBatch(blockCipher), tables };
}

/** AES blocks that opening a body takes: one for the tag, and the keystream. */
function blocksOf(bodyBytes: number): number {
  return 1 + Math.ceil(bodyBytes / BLOCK_BYTES);
}
