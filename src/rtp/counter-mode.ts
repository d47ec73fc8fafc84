import type { Cipheriv } from 'node:crypto';
import { srtpMemory } from './srtp-memory.ts';

/** Size of a block of AES, bytes. */
export const BLOCK_BYTES = 16;

/** How a profile of SRTP makes keystream: by encrypting counter blocks. */
export interface CounterMode {
  /** AES in ECB mode without padding, which has no state between blocks. */
  readonly blockCipher: Cipheriv;
  /**
   * Writes the counter blocks of a packet into the memory of SRTP.
   * @param index 48 bits: rollover counter × 2^16 + sequence number
   * @param at where the packet's keystream begins, bytes: a multiple of 16
   */
  writeCounters(ssrc: number, index: number, at: number, blocks: number): void;
}

/** Replaces the counter blocks at 0 by their encryption. */
export function encryptCounters(blockCipher: Cipheriv, blocks: number): void {
  srtpMemory.setKeystream(blockCipher.update(srtpMemory.keystream(blocks * BLOCK_BYTES)));
}
