import { GCM_WASM } from './gcm-wasm.ts';

/** The part of the WebAssembly interface that is used here; only browsers' libraries describe it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface Exports {
  memory: { buffer: ArrayBuffer };
  counters(to: number, count: number): void;
  open(
    header: number,
    headerBytes: number,
    body: number,
    bodyBytes: number,
    keystream: number,
  ): 0 | 1;
}

/** Tables of multiples of one hash key: 32 nibbles × 16 values × 16 bytes. */
export const TABLE_BYTES = 8192;

// Places in the memory, in bytes; gcm.wat knows the first two.
const TABLES = 0;
const VECTOR = TABLES + TABLE_BYTES;
const KEYSTREAM = VECTOR + 16;
/** Most keystream at a time: three times that of the largest datagram. */
export const KEYSTREAM_BYTES = 3 * 0x10000;
/** The datagram, with room for the bytes behind it that are read and not used. */
const DATAGRAM = KEYSTREAM + KEYSTREAM_BYTES;

const { memory, counters, open } = new WebAssembly.Instance(
  new WebAssembly.Module(Buffer.from(GCM_WASM, 'base64')),
).exports as Exports;
const bytes = Buffer.from(memory.buffer);
const vector = bytes.subarray(VECTOR, VECTOR + 12);

/** The tables that are in the memory. */
let present: Buffer | undefined;

/**
 * The WebAssembly memory of this thread, in which AES-GCM packets are opened one after another. All
 * sessions share it. Only keystream stays in it between packets; its owner has to know that no other
 * session has replaced it.
 */
export const gcmMemory = {
  /**
   * Writes the counter blocks of a packet (SP 800-38D §7.2): that of the tag, then those of the body.
   * @param iv 12 bytes
   * @param at where the packet's keystream begins, bytes: a multiple of 16
   * @param blocks at least 1
   */
  writeCounters(iv: Buffer, at: number, blocks: number): void {
    vector.set(iv);
    counters(KEYSTREAM + at, blocks);
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
   * Authenticates and decrypts a packet.
   * @param tables see {@link multiplesOf}
   * @param at where its keystream begins
   * @returns the plain body, valid until the next call; undefined when the tag is wrong
   */
  open(
    tables: Buffer,
    datagram: Buffer,
    headerBytes: number,
    bodyBytes: number,
    at: number,
  ): Buffer | undefined {
    if (present !== tables) {
      bytes.set(tables, TABLES);
      present = tables;
    }
    bytes.set(datagram, DATAGRAM);
    const body = DATAGRAM + headerBytes;
    if (open(DATAGRAM, headerBytes, body, bodyBytes, KEYSTREAM + at) === 0) return undefined;
    return bytes.subarray(body, body + bodyBytes);
  },
};

/**
 * The products of a hash key and each value of each nibble of a block, as gcm.wat reads them
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
