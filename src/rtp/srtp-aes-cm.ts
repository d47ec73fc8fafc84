import { hash } from 'node:crypto';
import { BLOCK_BYTES, type CounterMode, createBlockCipher, loneKeystream } from './counter-mode.ts';
import { KeystreamAhead, type PastPackets } from './keystream-ahead.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';
import { srtpMemory } from './srtp-memory.ts';

const TAG_BYTES = 10;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;
const HASH_BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;
/** The top bit of the word at the end of SRTCP: the packet is encrypted (RFC 3711 §3.4). */
const ENCRYPTED = 0x80000000;

/**
 * AES_CM_128_HMAC_SHA1_80: AES in counter mode and an HMAC-SHA1 of 80 bits (RFC 3711 §4.1.1, §4.2).
 *
 * node:crypto only encrypts counter blocks (`keystream-ahead.ts`) and hashes: an HMAC is two hashes
 * (RFC 2104 §2), and two calls of `hash` cost less than one object.
 */
export class SrtpAesCm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + INDEX_BYTES + TAG_BYTES;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(16);
  readonly #mode: CounterMode;
  /** The authentication key, combined with the inner padding. */
  readonly #innerBlock: Buffer;
  /** The authentication key, combined with the outer padding, and behind it the inner hash. */
  readonly #outer: Buffer;

  /** @param keys with a salt of 14 bytes and an authentication key of 20 */
  constructor(keys: SessionKeys) {
    this.#salt = Buffer.alloc(16);
    keys.salt.copy(this.#salt);
    this.#salt.copy(this.#initializationVector);
    this.#mode = {
      blockCipher: createBlockCipher(keys.cipherKey),
      writeCounters: (...packets) => this.#writeCounters(...packets),
    };
    this.#innerBlock = padded(keys.authenticationKey, 0x36);
    this.#outer = Buffer.concat([padded(keys.authenticationKey, 0x5c), Buffer.alloc(DIGEST_BYTES)]);
  }

  keystreamAhead(ssrc: number, past: PastPackets): KeystreamAhead {
    return new KeystreamAhead(this.#mode, ssrc, past);
  }

  openRtp(
    datagram: Buffer,
    headerBytes: number,
    ssrc: number,
    index: number,
    keystream?: KeystreamAhead,
  ): Buffer | undefined {
    const end = datagram.length - TAG_BYTES;
    const rollover = Math.floor(index / 0x10000);
    const authenticated = srtpMemory.load(this.#innerBlock, datagram, end, rollover);
    if (!this.#isAuthentic(authenticated, datagram, end)) return undefined;
    const bodyBytes = end - headerBytes;
    const blocks = blocksOf(bodyBytes);
    const address =
      keystream?.addressOf(index, blocks) ?? loneKeystream(this.#mode, ssrc, index, blocks);
    return srtpMemory.decryptLoaded(headerBytes, bodyBytes, address);
  }

  rtcpIndex(datagram: Buffer): number {
    return datagram.readUInt32BE(datagram.length - TAG_BYTES - INDEX_BYTES) & 0x7fffffff;
  }

  openRtcp(datagram: Buffer): Buffer | undefined {
    const tagStart = datagram.length - TAG_BYTES;
    const end = tagStart - INDEX_BYTES;
    const word = datagram.readUInt32BE(end);
    const authenticated = srtpMemory.loadRtcp(this.#innerBlock, datagram, end, word);
    if (!this.#isAuthentic(authenticated, datagram, tagStart)) return undefined;
    if ((word & ENCRYPTED) === 0) return datagram.subarray(0, end);
    const bodyBytes = end - RTCP_HEADER_BYTES;
    const ssrc = datagram.readUInt32BE(4);
    const index = this.rtcpIndex(datagram);
    const address = loneKeystream(this.#mode, ssrc, index, blocksOf(bodyBytes));
    const body = srtpMemory.decryptRtcp(RTCP_HEADER_BYTES, bodyBytes, address);
    return Buffer.concat([datagram.subarray(0, RTCP_HEADER_BYTES), body]);
  }

  sealRtcp(compound: Buffer, index: number, keystream: KeystreamAhead): Buffer {
    const blocks = blocksOf(compound.length - RTCP_HEADER_BYTES);
    const address =
      keystream.addressOf(index, blocks) ??
      loneKeystream(this.#mode, compound.readUInt32BE(4), index, blocks);
    const word = (index | ENCRYPTED) >>> 0;
    const block = this.#innerBlock;
    const authenticated = srtpMemory.encryptRtcp(block, compound, RTCP_HEADER_BYTES, word, address);
    const sealed = Buffer.allocUnsafe(compound.length + INDEX_BYTES + TAG_BYTES);
    authenticated.copy(sealed, 0, HASH_BLOCK_BYTES);
    const tagStart = sealed.length - TAG_BYTES;
    sealed.write(this.#digest(authenticated), tagStart, TAG_BYTES, 'latin1');
    return sealed;
  }

  /** Compares the whole tag whatever differs. */
  #isAuthentic(authenticated: Buffer, datagram: Buffer, tagStart: number): boolean {
    const digest = this.#digest(authenticated);
    let difference = 0;
    for (let index = 0; index < TAG_BYTES; index++) {
      difference |= digest.charCodeAt(index) ^ datagram[tagStart + index]!;
    }
    return difference === 0;
  }

  /**
   * The HMAC of what was loaded, as a string of one byte a character: those of `hash` cost half as much as its
   * buffers.
   */
  #digest(authenticated: Buffer): string {
    this.#outer.write(hash('sha1', authenticated, 'latin1'), HASH_BLOCK_BYTES, 'latin1');
    return hash('sha1', this.#outer, 'latin1');
  }

  /** RFC 3711 §4.1.1, from the SSRC and 48 bits of index. */
  #writeCounters(
    ssrc: number,
    index: number,
    address: number,
    packets: number,
    blocks: number,
  ): void {
    const vector = this.#initializationVector;
    vector.writeUInt32BE((this.#salt.readUInt32BE(4) ^ ssrc) >>> 0, 4);
    srtpMemory.writeCmCounters(vector, index, address, packets, blocks);
  }
}

function padded(key: Buffer, padding: number): Buffer {
  const block = Buffer.alloc(HASH_BLOCK_BYTES, padding);
  for (const [index, byte] of key.entries()) block[index]! ^= byte;
  return block;
}

/** AES blocks of keystream for a body. */
function blocksOf(bodyBytes: number): number {
  return Math.ceil(bodyBytes / BLOCK_BYTES);
}
