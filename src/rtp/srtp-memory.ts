import { SRTP_WASM } from './srtp-wasm.ts';

/** The part of the WebAssembly interface that is used here; only browsers' libraries describe it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface Exports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  cmCounters(to: number, packets: number, blocks: number, high: number, low: number): void;
  applyKeystream(body: number, bytes: number, keystream: number): void;
  gcmCounters(to: number, packets: number, blocks: number, high: number, low: number): void;
  gcmTables(): void;
  gcmSeal(
    header: number,
    headerBytes: number,
    body: number,
    bodyBytes: number,
    keystream: number,
  ): void;
  gcmOpen(
    header: number,
    headerBytes: number,
    body: number,
    bodyBytes: number,
    keystream: number,
  ): 0 | 1;
}

/** Tables of multiples of one hash key: 32 nibbles × 16 values × 16 bytes. */
const TABLE_BYTES = 8192;

// Places in the memory, in bytes; srtp.wat knows the first two.
const TABLES = 0;
const VECTOR = TABLES + TABLE_BYTES;
/** The keystream of a packet that is handled alone. */
const KEYSTREAM = VECTOR + 16;
/** That of the largest datagram, with the block of its tag. */
const KEYSTREAM_BYTES = 0x10000 + 16;
/** A block of SHA-1 (FIPS 180-4), in front of the datagram: HMAC hashes both in one go. */
const HASH_BLOCK_BYTES = 64;
/** The datagram, with room for the bytes behind it that are read or overwritten, and not used. */
const DATAGRAM = KEYSTREAM + KEYSTREAM_BYTES + HASH_BLOCK_BYTES;
/** Likewise for RTCP, which is sent while a payload is still in use: feedback on its packet, for example. */
const RTCP = DATAGRAM + 0x10000 + 2 * HASH_BLOCK_BYTES;

/** The tag of GCM. */
const TAG_BYTES = 16;
/** Pages of WebAssembly memory have this size, bytes. */
const PAGE_BYTES = 0x10000;

const { memory, cmCounters, applyKeystream, gcmCounters, gcmTables, gcmSeal, gcmOpen } =
  new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(SRTP_WASM, 'base64')))
    .exports as Exports;
// Another object each time the memory has grown.
let bytes = Buffer.from(memory.buffer);
let vector = bytes.subarray(VECTOR, VECTOR + 16);

/** The tables that are in the memory. */
let presentTables: Buffer | undefined;
/** The hash block in front of the datagram. */
let presentBlock: Buffer | undefined;

/** Bodies by the lowest bits of their lengths, as most packets have one of a few lengths, and where they are. */
const bodies: Buffer[] = new Array(64).fill(bytes.subarray(0, 0));
const bodyPlaces = new Uint32Array(bodies.length);

function bodyAt(at: number, length: number): Buffer {
  const index = length % bodies.length;
  const known = bodies[index]!;
  if (known.length === length && bodyPlaces[index] === at) return known;
  const body = bytes.subarray(at, at + length);
  bodies[index] = body;
  bodyPlaces[index] = at;
  return body;
}

/**
 * The WebAssembly memory of this thread, in which SRTP packets are opened, and SRTCP packets sealed, one after another. All sessions
 * share it.
 */
export const srtpMemory = {
  /** Where the keystream of a packet that is handled alone has its place: an address in this memory, bytes. */
  loneKeystream: KEYSTREAM,

  /**
   * Makes this memory larger. All that was returned before is not valid any more.
   * @param atLeast bytes
   * @returns the address of what was added, and its length, bytes
   * @throws RangeError if there is no such memory
   */
  grow(atLeast: number): { address: number; length: number } {
    const pages = Math.ceil(atLeast / PAGE_BYTES);
    const address = memory.grow(pages) * PAGE_BYTES;
    bytes = Buffer.from(memory.buffer);
    vector = bytes.subarray(VECTOR, VECTOR + 16);
    bodies.fill(bytes.subarray(0, 0));
    return { address, length: pages * PAGE_BYTES };
  },

  /**
   * Writes the counter blocks of consecutive packets for AES-CM (RFC 3711 §4.1.1).
   * @param iv 16 bytes: the initialization vector without the index, and zeros behind it
   * @param index of the first packet, 48 bits: rollover counter × 2^16 + sequence number
   * @param blocks for each packet
   */
  writeCmCounters(
    iv: Buffer,
    index: number,
    address: number,
    packets: number,
    blocks: number,
  ): void {
    vector.set(iv);
    const high = Math.floor(index / 0x10000);
    cmCounters(address, packets, blocks, high, index - high * 0x10000);
  },

  /**
   * The same for GCM (SP 800-38D §7.2): the counter block of the tag, then those of the body.
   * @param blocks for each packet, at least 1
   */
  writeGcmCounters(
    iv: Buffer,
    index: number,
    address: number,
    packets: number,
    blocks: number,
  ): void {
    vector.set(iv);
    const high = Math.floor(index / 0x10000);
    gcmCounters(address, packets, blocks, high, index - high * 0x10000);
  },

  /** Counter blocks, or keystream. Valid until the memory grows. */
  keystream(address: number, length: number): Buffer {
    return bytes.subarray(address, address + length);
  },

  /** Replaces counter blocks by their encryption, which is the keystream. */
  setKeystream(address: number, keystream: Buffer): void {
    bytes.set(keystream, address);
  },

  /**
   * Loads a packet to be decrypted by {@link srtpMemory.decryptLoaded}, and returns what the inner hash of its
   * HMAC covers (RFC 2104; RFC 3711 §4.2): block, packet, rollover counter. Valid until the next call.
   * @param block the key of the HMAC, combined with its inner padding: 64 bytes, the same object each time
   * @param end length of what is authenticated of the datagram, bytes: without the tag
   */
  load(block: Buffer, datagram: Buffer, end: number, rollover: number): Buffer {
    if (presentBlock !== block) {
      bytes.set(block, DATAGRAM - HASH_BLOCK_BYTES);
      presentBlock = block;
    }
    bytes.set(datagram, DATAGRAM);
    bytes.writeUInt32BE(rollover, DATAGRAM + end);
    return bytes.subarray(DATAGRAM - HASH_BLOCK_BYTES, DATAGRAM + end + 4);
  },

  /**
   * Loads an RTCP packet as {@link srtpMemory.load} does with one of RTP.
   * @param word the last one of SRTCP (RFC 3711 §3.4), which is not part of the length
   */
  loadRtcp(block: Buffer, packet: Buffer, end: number, word: number): Buffer {
    bytes.set(packet, RTCP);
    return loadedRtcp(block, end, word);
  },

  /**
   * Encrypts an RTCP packet, and returns what {@link srtpMemory.loadRtcp} does.
   * @param headerBytes what stays plain
   * @param keystream its address
   */
  encryptRtcp(
    block: Buffer,
    plain: Buffer,
    headerBytes: number,
    word: number,
    keystream: number,
  ): Buffer {
    bytes.set(plain, RTCP);
    applyKeystream(RTCP + headerBytes, plain.length - headerBytes, keystream);
    return loadedRtcp(block, plain.length, word);
  },

  /**
   * Decrypts the RTCP packet that was loaded.
   * @param keystream its address
   * @returns the body, until the next call
   */
  decryptRtcp(headerBytes: number, bodyBytes: number, keystream: number): Buffer {
    const body = RTCP + headerBytes;
    applyKeystream(body, bodyBytes, keystream);
    return bytes.subarray(body, body + bodyBytes);
  },

  /**
   * Decrypts the loaded packet.
   * @param keystream its address
   * @returns the plain body, valid until the next call
   */
  decryptLoaded(headerBytes: number, bodyBytes: number, keystream: number): Buffer {
    const body = DATAGRAM + headerBytes;
    applyKeystream(body, bodyBytes, keystream);
    return bodyAt(body, bodyBytes);
  },

  /**
   * Authenticates and decrypts a packet with GCM.
   * @param tables see {@link srtpMemory.tablesOf}
   * @param keystream its address
   * @returns the plain body, valid until the next call; undefined when the tag is wrong
   */
  openGcm(
    tables: Buffer,
    datagram: Buffer,
    headerBytes: number,
    bodyBytes: number,
    keystream: number,
  ): Buffer | undefined {
    if (presentTables !== tables) {
      bytes.set(tables, TABLES);
      presentTables = tables;
    }
    bytes.set(datagram, DATAGRAM);
    const body = DATAGRAM + headerBytes;
    if (gcmOpen(DATAGRAM, headerBytes, body, bodyBytes, keystream) === 0) return undefined;
    return bodyAt(body, bodyBytes);
  },

  /**
   * The tables of a hash key for {@link srtpMemory.openGcm}: the products of the key and each value of each nibble
   * of a block, 8 KB.
   * @param hashKey 16 bytes: the encrypted zero block (SP 800-38D §6.4)
   */
  tablesOf(hashKey: Buffer): Buffer {
    writeTables(hashKey);
    return Buffer.from(bytes.subarray(TABLES, TABLES + TABLE_BYTES));
  },

  /**
   * Authenticates and decrypts an RTCP packet with GCM. They are so rare that the tables of their key are not kept.
   * @param associated authenticated data in two parts
   * @param bodyWithTag what is encrypted, and the tag
   * @param keystream its address
   * @returns the plain body, valid until the next call; undefined when the tag is wrong
   */
  openGcmRtcp(
    hashKey: Buffer,
    associated: readonly [Buffer, Buffer],
    bodyWithTag: Buffer,
    keystream: number,
  ): Buffer | undefined {
    writeTables(hashKey);
    const associatedBytes = placeAssociated(associated);
    const body = RTCP + associatedBytes;
    bytes.set(bodyWithTag, body);
    const bodyBytes = bodyWithTag.length - TAG_BYTES;
    if (gcmOpen(RTCP, associatedBytes, body, bodyBytes, keystream) === 0) return undefined;
    return bytes.subarray(body, body + bodyBytes);
  },

  /**
   * Encrypts an RTCP packet with GCM, the reverse of {@link srtpMemory.openGcmRtcp}.
   * @returns the encrypted body and its tag, valid until the next call
   */
  sealGcmRtcp(
    hashKey: Buffer,
    associated: readonly [Buffer, Buffer],
    plain: Buffer,
    keystream: number,
  ): Buffer {
    writeTables(hashKey);
    const associatedBytes = placeAssociated(associated);
    const body = RTCP + associatedBytes;
    bytes.set(plain, body);
    gcmSeal(RTCP, associatedBytes, body, plain.length, keystream);
    return bytes.subarray(body, body + plain.length + TAG_BYTES);
  },
};

/** The key of an HMAC, what is in the place of the RTCP packet, and a word behind it, as one piece. */
function loadedRtcp(block: Buffer, end: number, word: number): Buffer {
  bytes.set(block, RTCP - HASH_BLOCK_BYTES);
  bytes.writeUInt32BE(word, RTCP + end);
  return bytes.subarray(RTCP - HASH_BLOCK_BYTES, RTCP + end + 4);
}

function writeTables(hashKey: Buffer): void {
  vector.set(hashKey);
  gcmTables();
  presentTables = undefined;
}

/** @returns the length of both parts, bytes */
function placeAssociated([first, second]: readonly [Buffer, Buffer]): number {
  bytes.set(first, RTCP);
  bytes.set(second, RTCP + first.length);
  return first.length + second.length;
}
