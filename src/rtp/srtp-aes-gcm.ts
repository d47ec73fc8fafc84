import { type Cipheriv, createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { encryptCounters, KeystreamBatch } from './keystream-batch.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';
import { srtpMemory } from './srtp-memory.ts';

const TAG_BYTES = 16;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const BLOCK_BYTES = 16;

/** The top bit of the word at the end of SRTCP: the packet is encrypted (RFC 3711 §3.4). */
const ENCRYPTED = 0x80000000;

/** Keystream, and the tables of GHASH. */
interface RtpState {
  batch: KeystreamBatch;
  tables: Buffer;
}

/** Packets of RTCP are so rare that tables made for each cost less than the memory to keep them. */
interface RtcpState {
  blockCipher: Cipheriv;
  hashKey: Buffer;
}

/**
 * AEAD_AES_128_GCM: AES in Galois/counter mode with a tag of 128 bits (RFC 7714).
 *
 * node:crypto only encrypts counter blocks (`keystream-batch.ts`), and WebAssembly does the rest: a cipher
 * object for each packet costs several times as much.
 */
export class SrtpAesGcm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + TAG_BYTES + INDEX_BYTES;
  readonly #key: KeyObject;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(12);
  /** What only RTP needs, from its first packet on: a cipher is for RTP or for RTCP. */
  #rtp: RtpState | undefined;
  #rtcp: RtcpState | undefined;

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
    const isEncrypted = (word.readUInt32BE() & ENCRYPTED) !== 0;
    const plainBytes = isEncrypted ? RTCP_HEADER_BYTES : end;
    const hashKey = this.#prepareRtcp(datagram, this.rtcpIndex(datagram), end - plainBytes);
    const plain = datagram.subarray(0, plainBytes);
    const rest = datagram.subarray(plainBytes, wordStart);
    const body = srtpMemory.openGcmRtcp(hashKey, [plain, word], rest);
    return body === undefined ? undefined : Buffer.concat([plain, body]);
  }

  sealRtcp(compound: Buffer, index: number): Buffer {
    const sealed = Buffer.allocUnsafe(compound.length + TAG_BYTES + INDEX_BYTES);
    const header = compound.subarray(0, RTCP_HEADER_BYTES);
    const body = compound.subarray(RTCP_HEADER_BYTES);
    const word = sealed.subarray(compound.length + TAG_BYTES);
    word.writeUInt32BE((index | ENCRYPTED) >>> 0);
    const hashKey = this.#prepareRtcp(compound, index, body.length);
    sealed.set(header);
    sealed.set(srtpMemory.sealGcmRtcp(hashKey, [header, word], body), RTCP_HEADER_BYTES);
    return sealed;
  }

  /** Computes the keystream of an RTCP packet. @returns the hash key */
  #prepareRtcp(packet: Buffer, index: number, bodyBytes: number): Buffer {
    this.#rtcp ??= createRtcpState(this.#key);
    const { blockCipher, hashKey } = this.#rtcp;
    this.#setVector(packet.readUInt32BE(4), index >>> 16, index & 0xffff);
    const blocks = blocksOf(bodyBytes);
    srtpMemory.writeGcmCounters(this.#initializationVector, 0, blocks);
    encryptCounters(blockCipher, blocks);
    return hashKey;
  }

  /** RFC 7714 §8.1 and §9.1: both consist of 2 zero bytes, the SSRC and 48 bits of index. */
  #setVector(ssrc: number, high: number, low: number): void {
    const vector = this.#initializationVector;
    const salt = this.#salt;
    vector.writeUInt32BE((salt.readUInt32BE(2) ^ ssrc) >>> 0, 2);
    vector.writeUInt32BE((salt.readUInt32BE(6) ^ high) >>> 0, 6);
    vector.writeUInt16BE(salt.readUInt16BE(10) ^ low, 10);
  }
}

function createRtpState(key: KeyObject): RtpState {
  const { blockCipher, hashKey } = createRtcpState(key);
  return { batch: new KeystreamBatch(blockCipher), tables: srtpMemory.tablesOf(hashKey) };
}

function createRtcpState(key: KeyObject): RtcpState {
  const blockCipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return { blockCipher, hashKey: blockCipher.update(Buffer.alloc(BLOCK_BYTES)) };
}

/** AES blocks that a body takes: one for the tag, and the keystream. */
function blocksOf(bodyBytes: number): number {
  return 1 + Math.ceil(bodyBytes / BLOCK_BYTES);
}
