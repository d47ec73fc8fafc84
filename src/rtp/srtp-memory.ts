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
  gcmOpen(
    header: number,
    headerBytes: number,
    body: number,
    bodyBytes: number,
    keystream: number,
  ): 0 | 1;
}

/** Tables of multiples of one hash key: 32 nibbles × 16 values × 16 bytes. */
export const TABLE_BYTES = 8192;

// Places in the memory, in bytes; srtp.wat knows the first two.
const TABLES = 0;
const VECTOR = TABLES + TABLE_BYTES;
const KEYSTREAM = VECTOR + 16;
/** Most keystream at a time: three times that of the largest datagram. */
export const KEYSTREAM_BYTES = 3 * 0x10000;
/** A block of SHA-1 (FIPS 180-4), in front of the datagram: HMAC hashes both in one go. */
const HASH_BLOCK = KEYSTREAM + KEYSTREAM_BYTES;
const HASH_BLOCK_BYTES = 64;
/** The datagram, with room for the bytes behind it that are read or overwritten, and not used. */
const DATAGRAM = HASH_BLOCK + HASH_BLOCK_BYTES;

const { memory, cmCounters, applyKeystream, gcmCounters, gcmOpen } = new WebAssembly.Instance(
  new WebAssembly.Module(Buffer.from(SRTP_WASM, 'base64')),
).exports as Exports;
const bytes = Buffer.from(memory.buffer);
const vector = bytes.subarray(VECTOR, VECTOR + 16);

/** The tables that are in the memory. */
let presentTables: Buffer | undefined;
/** The hash block that is in the memory. */
let presentBlock: Buffer | undefined;

/** The body of the last packet, and where it is: most packets of a stream have the same length. */
let lastBody = bytes.subarray(0, 0);
let lastBodyAt = 0;

function bodyAt(at: number, length: number): Buffer {
  if (lastBodyAt !== at || lastBody.length !== length) {
    lastBody = bytes.subarray(at, at + length);
    lastBodyAt = at;
  }
  return lastBody;
}

/**
 * The WebAssembly memory of this thread, in which SRTP packets are opened one after another. All sessions
 * share it. Only keystream stays in it between packets: see `keystream-batch.ts`.
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
      bytes.set(block, HASH_BLOCK);
      presentBlock = block;
    }
    bytes.set(datagram, DATAGRAM);
    bytes.writeUInt32BE(rollover, DATAGRAM + end);
    return bytes.subarray(HASH_BLOCK, DATAGRAM + end + 4);
  },

  /**
   * Decrypts the loaded packet. @param at where its keystream begins
   * @returns the plain body, valid until the next call
   */
  decryptLoaded(headerBytes: number, bodyBytes: number, at: number): Buffer {
    const body = DATAGRAM + headerBytes;
    applyKeystream(body, bodyBytes, KEYSTREAM + at);
    return bodyAt(body, bodyBytes);
  },

  /**
   * Authenticates and decrypts a packet with GCM.
   * @param tables see {@link multiplesOf}
   * @param at where its keystream begins
   * @returns the plain body, valid until the next call; undefined when the tag is wrong
   */
  openGcm(
    tables: Buffer,
    datagram: Buffer,
    headerBytes: number,
    bodyBytes: number,
    at: number,
  ): Buffer | undefined {
    if (presentTables !== tables) {
      bytes.set(tables, TABLES);
      presentTables = tables;
    }
    bytes.set(datagram, DATAGRAM);
    const body = DATAGRAM + headerBytes;
    if (gcmOpen(DATAGRAM, headerBytes, body, bodyBytes, KEYSTREAM + at) === 0) return undefined;
    return bodyAt(body, bodyBytes);
  },
};

/**
 * The products of a hash key and each value of each nibble of a block, as srtp.wat reads them
 * (SP 800-38D §6.3: bit 0 of a block is the highest of its first byte).
 * @param hashKey 16 bytes: the encrypted zero block
 */
export function multiplesOf(hashKey: Buffer): Buffer {
  const tables = Buffer.alloc(TABLE_BYTES);
  const power = Buffer.from(hashKey);
  for (let nibble = 0; nibble < 32; nibble++) {
    const start = nibble * 256;
    for (let bit = 8; bit > 0; bit >>= 1) {
      for (let value = 0; value < 16; value++) {
        if ((value & bit) !== 0) exclusiveOr(tables, start + value * 16, power);
      }
      timesX(power);
    }
  }
  return tables;
}

function exclusiveOr(target: Buffer, start: number, block: Buffer): void {
  for (let index = 0; index < 16; index++) target[start + index]! ^= block[index]!;
}

/** Multiplies by x in place: a shift to the right, and the polynomial where a bit falls out. */
function timesX(block: Buffer): void {
  let carry = 0;
  for (let index = 0; index < 16; index++) {
    const byte = block[index]!;
    block[index] = (byte >>> 1) | carry;
    carry = (byte & 1) << 7;
  }
  if (carry !== 0) block[0]! ^= 0xe1;
}
