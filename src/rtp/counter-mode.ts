import { type Cipheriv, createCipheriv, createSecretKey } from 'node:crypto';
import { srtpMemory } from './srtp-memory.ts';

/** Size of a block of AES, bytes. */
export const BLOCK_BYTES = 16;

/** How a profile of SRTP makes keystream: by encrypting counter blocks. */
export interface CounterMode {
  readonly blockCipher: Cipheriv;
  /**
   * Writes the counter blocks of a packet into the memory of SRTP.
   * @param index 48 bits: rollover counter × 2^16 + sequence number; of RTCP its index
   * @param at where the packet's keystream begins, bytes: a multiple of 16
   */
  writeCounters(ssrc: number, index: number, at: number, blocks: number): void;
}

/** AES in ECB mode without padding, which has no state between blocks. @param key 16 bytes */
export function createBlockCipher(key: Buffer): Cipheriv {
  return createCipheriv('aes-128-ecb', createSecretKey(key), null).setAutoPadding(false);
}

/** Places the keystream of one packet at 0. Parameters as of {@link CounterMode.writeCounters}. */
export function placeKeystream(
  mode: CounterMode,
  ssrc: number,
  index: number,
  blocks: number,
): void {
  mode.writeCounters(ssrc, index, 0, blocks);
  srtpMemory.setKeystream(mode.blockCipher.update(srtpMemory.keystream(blocks * BLOCK_BYTES)));
}
