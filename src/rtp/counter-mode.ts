import { type Cipheriv, createCipheriv, createSecretKey } from 'node:crypto';
import { srtpMemory } from './srtp-memory.ts';

/** Size of a block of AES, bytes. */
export const BLOCK_BYTES = 16;

/** How a profile of SRTP makes keystream: by encrypting counter blocks. */
export interface CounterMode {
  readonly blockCipher: Cipheriv;
  /**
   * Writes the counter blocks of consecutive packets into the memory of SRTP.
   * @param index of the first packet, 48 bits: rollover counter × 2^16 + sequence number; of RTCP its index
   * @param address where the first one's keystream begins
   * @param blocks for each packet
   */
  writeCounters(
    ssrc: number,
    index: number,
    address: number,
    packets: number,
    blocks: number,
  ): void;
}

/** AES in ECB mode without padding, which has no state between blocks. @param key 16 bytes */
export function createBlockCipher(key: Buffer): Cipheriv {
  return createCipheriv('aes-128-ecb', createSecretKey(key), null).setAutoPadding(false);
}

/** Computes the keystream of consecutive packets. Parameters as of {@link CounterMode.writeCounters}. */
export function computeKeystream(
  mode: CounterMode,
  ssrc: number,
  index: number,
  address: number,
  packets: number,
  blocks: number,
): void {
  mode.writeCounters(ssrc, index, address, packets, blocks);
  const counters = srtpMemory.keystream(address, packets * blocks * BLOCK_BYTES);
  srtpMemory.setKeystream(address, mode.blockCipher.update(counters));
}

/** Computes that of a single packet. @returns its address, valid until the next call */
export function loneKeystream(
  mode: CounterMode,
  ssrc: number,
  index: number,
  blocks: number,
): number {
  const address = srtpMemory.loneKeystream;
  computeKeystream(mode, ssrc, index, address, 1, blocks);
  return address;
}
