import { BLOCK_BYTES, type CounterMode, createBlockCipher, loneKeystream } from './counter-mode.ts';
import { KeystreamAhead, type PastPackets } from './keystream-ahead.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import type { SessionKeys } from './srtp-keys.ts';
import { srtpMemory } from './srtp-memory.ts';

const TAG_BYTES = 16;
const RTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;

/** The top bit of the word at the end of SRTCP: the packet is encrypted (RFC 3711 §3.4). */
const ENCRYPTED = 0x80000000;

/**
 * AEAD_AES_128_GCM: AES in Galois/counter mode with a tag of 128 bits (RFC 7714).
 *
 * node:crypto only encrypts counter blocks (`keystream-ahead.ts`), and WebAssembly does the rest: a cipher
 * object for each packet costs several times as much.
 */
export class SrtpAesGcm implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpMinimum = RTCP_HEADER_BYTES + TAG_BYTES + INDEX_BYTES;
  readonly #salt: Buffer;
  readonly #initializationVector = Buffer.alloc(16);
  readonly #mode: CounterMode;
  /** The encrypted zero block (SP 800-38D §6.4). */
  readonly #hashKey: Buffer;
  /**
   * The tables of GHASH, from the first packet of RTP on. Packets of RTCP are so rare that tables made for each
   * cost less than the memory to keep them.
   */
  #tables: Buffer | undefined;

  /** @param keys with a salt of 12 bytes; the authentication key is not used */
  constructor(keys: SessionKeys) {
    this.#salt = Buffer.from(keys.salt);
    this.#salt.copy(this.#initializationVector);
    const blockCipher = createBlockCipher(keys.cipherKey);
    this.#mode = {
      blockCipher,
      writeCounters: (...packets) => this.#writeCounters(...packets),
    };
    this.#hashKey = blockCipher.update(Buffer.alloc(BLOCK_BYTES));
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
    const bodyBytes = datagram.length - TAG_BYTES - headerBytes;
    const blocks = blocksOf(bodyBytes);
    const address =
      keystream?.addressOf(index, blocks) ?? loneKeystream(this.#mode, ssrc, index, blocks);
    this.#tables ??= srtpMemory.tablesOf(this.#hashKey);
    return srtpMemory.openGcm(this.#tables, datagram, headerBytes, bodyBytes, address);
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
    const ssrc = datagram.readUInt32BE(4);
    const index = this.rtcpIndex(datagram);
    const address = loneKeystream(this.#mode, ssrc, index, blocksOf(end - plainBytes));
    const plain = datagram.subarray(0, plainBytes);
    const rest = datagram.subarray(plainBytes, wordStart);
    const body = srtpMemory.openGcmRtcp(this.#hashKey, [plain, word], rest, address);
    return body === undefined ? undefined : Buffer.concat([plain, body]);
  }

  sealRtcp(compound: Buffer, index: number, keystream: KeystreamAhead): Buffer {
    const sealed = Buffer.allocUnsafe(compound.length + TAG_BYTES + INDEX_BYTES);
    const header = compound.subarray(0, RTCP_HEADER_BYTES);
    const body = compound.subarray(RTCP_HEADER_BYTES);
    const word = sealed.subarray(compound.length + TAG_BYTES);
    word.writeUInt32BE((index | ENCRYPTED) >>> 0);
    const blocks = blocksOf(body.length);
    const address =
      keystream.addressOf(index, blocks) ??
      loneKeystream(this.#mode, compound.readUInt32BE(4), index, blocks);
    sealed.set(header);
    sealed.set(
      srtpMemory.sealGcmRtcp(this.#hashKey, [header, word], body, address),
      RTCP_HEADER_BYTES,
    );
    return sealed;
  }

  /** RFC 7714 §8.1 and §9.1: both vectors consist of 2 zero bytes, the SSRC and 48 bits of index. */
  #writeCounters(
    ssrc: number,
    index: number,
    address: number,
    packets: number,
    blocks: number,
  ): void {
    const vector = this.#initializationVector;
    vector.writeUInt32BE((this.#salt.readUInt32BE(2) ^ ssrc) >>> 0, 2);
    srtpMemory.writeGcmCounters(vector, index, address, packets, blocks);
  }
}

/** AES blocks that a body takes: one for the tag, and the keystream. */
function blocksOf(bodyBytes: number): number {
  return 1 + Math.ceil(bodyBytes / BLOCK_BYTES);
}
