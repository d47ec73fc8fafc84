import { SRTP_WASM } from './srtp-wasm.ts';

/** The part of the WebAssembly interface that is used here; only browsers' libraries describe it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface Exports {
  memory: { buffer: ArrayBuffer };
  cmCounters(to: number, count: number): void;
  applyKeystream(body: number, bytes: number, keystream: number): void;
  gcmCounters(to: number, count: number): void;
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
const KEYSTREAM = VECTOR + 16;
/** Most keystream at a time: that of the largest datagram, with the block of its tag. */
const KEYSTREAM_BYTES = 0x10000 + 16;
/** A block of SHA-1 (FIPS 180-4), in front of the datagram: HMAC hashes both in one go. */
const HASH_BLOCK_BYTES = 64;
/** The datagram, with room for the bytes behind it that are read or overwritten, and not used. */
const DATAGRAM = KEYSTREAM + KEYSTREAM_BYTES + HASH_BLOCK_BYTES;
/** Likewise for RTCP, which is sent while a payload is still in use: feedback on its packet, for example. */
const RTCP = DATAGRAM + 0x10000 + 2 * HASH_BLOCK_BYTES;

/** The tag of GCM. */
const TAG_BYTES = 16;

const { memory, cmCounters, applyKeystream, gcmCounters, gcmTables, gcmSeal, gcmOpen } =
  new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(SRTP_WASM, 'base64')))
    .exports as Exports;
const bytes = Buffer.from(memory.buffer);
const vector = bytes.subarray(VECTOR, VECTOR + 16);

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
  /**
   * Writes the counter blocks of a packet for AES-CM (RFC 3711 §4.1.1).
   * @param iv 16 bytes, the last two of which are not used
   * @param at where the packet's keystream begins, bytes: a multiple of 16
   */
  writeCmCounters(iv: Buffer, at: number, blocks: number): void {
    vector.set(iv);
    cmCounters(KEYSTREAM + at, blocks);
  },

  /**
   * Writes the counter blocks of a packet for GCM (SP 800-38D §7.2): that of the tag, then those of the body.
   * @param iv 12 bytes
   * @param at where the packet's keystream begins, bytes: a multiple of 16
   * @param blocks at least 1
   */
  writeGcmCounters(iv: Buffer, at: number, blocks: number): void {
    vector.set(iv);
    gcmCounters(KEYSTREAM + at, blocks);
  },

  /** The counter blocks, or keystream, up to `end` bytes. */
  keystream(end: number): Buffer {
    return bytes.subarray(KEYSTREAM, KEYSTREAM + end);
  },

  /** Replaces the counter blocks by their encryption, which is the keystream. */
  setKeystream(keystream: Buffer): void {
    bytes.set(keystream, KEYSTREAM);
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
   * Encrypts an RTCP packet with the keystream at 0, and returns what {@link srtpMemory.loadRtcp} does.
   * @param headerBytes what stays plain
   */
  encryptRtcp(block: Buffer, plain: Buffer, headerBytes: number, word: number): Buffer {
    bytes.set(plain, RTCP);
    applyKeystream(RTCP + headerBytes, plain.length - headerBytes, KEYSTREAM);
    return loadedRtcp(block, plain.length, word);
  },

  /** Decrypts the RTCP packet that was loaded, with the keystream at 0. @returns the body, until the next call */
  decryptRtcp(headerBytes: number, bodyBytes: number): Buffer {
    const body = RTCP + headerBytes;
    applyKeystream(body, bodyBytes, KEYSTREAM);
    return bytes.subarray(body, body + bodyBytes);
  },

  /**
   * Decrypts the loaded packet with the keystream at 0.
   * @returns the plain body, valid until the next call
   */
  decryptLoaded(headerBytes: number, bodyBytes: number): Buffer {
    const body = DATAGRAM + headerBytes;
    applyKeystream(body, bodyBytes, KEYSTREAM);
    return bodyAt(body, bodyBytes);
  },

  /**
   * Authenticates and decrypts a packet with GCM and the keystream at 0.
   * @param tables see {@link srtpMemory.tablesOf}
   * @returns the plain body, valid until the next call; undefined when the tag is wrong
   */
  openGcm(
    tables: Buffer,
    datagram: Buffer,
    headerBytes: number,
    bodyBytes: number,
  ): Buffer | undefined {
    if (presentTables !== tables) {
      bytes.set(tables, TABLES);
      presentTables = tables;
    }
    bytes.set(datagram, DATAGRAM);
    const body = DATAGRAM + headerBytes;
    if (gcmOpen(DATAGRAM, headerBytes, body, bodyBytes, KEYSTREAM) === 0) return undefined;
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
   * The keystream begins at 0.
   * @param associated authenticated data in two parts
   * @param bodyWithTag what is encrypted, and the tag
   * @returns the plain body, valid until the next call; undefined when the tag is wrong
   */
  openGcmRtcp(
    hashKey: Buffer,
    associated: readonly [Buffer, Buffer],
    bodyWithTag: Buffer,
  ): Buffer | undefined {
    writeTables(hashKey);
    const associatedBytes = placeAssociated(associated);
    const body = RTCP + associatedBytes;
    bytes.set(bodyWithTag, body);
    const bodyBytes = bodyWithTag.length - TAG_BYTES;
    if (gcmOpen(RTCP, associatedBytes, body, bodyBytes, KEYSTREAM) === 0) return undefined;
    return bytes.subarray(body, body + bodyBytes);
  },

  /**
   * Encrypts an RTCP packet with GCM, the reverse of {@link srtpMemory.openGcmRtcp}.
   * @returns the encrypted body and its tag, valid until the next call
   */
  sealGcmRtcp(hashKey: Buffer, associated: readonly [Buffer, Buffer], plain: Buffer): Buffer {
    writeTables(hashKey);
    const associatedBytes = placeAssociated(associated);
    const body = RTCP + associatedBytes;
    bytes.set(plain, body);
    gcmSeal(RTCP, associatedBytes, body, plain.length, KEYSTREAM);
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
