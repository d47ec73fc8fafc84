import { BLOCK_BYTES, type CounterMode } from './counter-mode.ts';
import type { ReplayWindow } from './replay-window.ts';
import { srtpMemory } from './srtp-memory.ts';

/** Packets whose keystream is computed in one call: 50 ms of a video of 2.5 Mbit/s, 320 ms of sound. */
const PACKETS = 16;
/** Most keystream of a packet, blocks: longer ones than fit an Ethernet frame are rare, and decrypted alone. */
const MOST_BLOCKS = 96;
/** Keystream is as long as that of the longest packet so far, in these steps, blocks. */
const STEP_BLOCKS = 4;

/**
 * The keystream of the next packets of an SSRC. It depends on their numbers alone, so that it can be computed
 * before they arrive, in one call for many: that call costs several times what AES takes for a packet.
 */
export class KeystreamAhead {
  readonly #mode: CounterMode;
  readonly #ssrc: number;
  readonly #window: ReplayWindow;
  /** Keystream of each packet, in the order of their indices; none before the second packet. */
  #keystreams: Buffer[] = [];
  #memory: Buffer = Buffer.alloc(0);
  /** Blocks of each. */
  #blocks = 0;
  /** Index of the first of these packets. */
  #first = 0;

  /** @param window the authentic packets so far: only they decide what comes next */
  constructor(mode: CounterMode, ssrc: number, window: ReplayWindow) {
    this.#mode = mode;
    this.#ssrc = ssrc;
    this.#window = window;
  }

  /**
   * Places the keystream of a packet at 0.
   * @param index 48 bits: rollover counter × 2^16 + sequence number
   * @returns false for a packet that is not one of the next ones, or too long
   */
  place(index: number, blocks: number): boolean {
    const isKnown = index >= this.#first && index < this.#first + this.#keystreams.length;
    if (!isKnown || blocks > this.#blocks) {
      const ahead = index - this.#window.highest;
      if (blocks > MOST_BLOCKS || ahead <= 0 || ahead > PACKETS) return false;
      this.#compute(blocks);
    }
    srtpMemory.setKeystream(this.#keystreams[index - this.#first]!);
    return true;
  }

  /** Computes that of the packets behind the last authentic one. */
  #compute(blocks: number): void {
    // A packet may have no body, and be the first of these.
    const steps = Math.max(1, Math.ceil(blocks / STEP_BLOCKS));
    if (steps * STEP_BLOCKS > this.#blocks) this.#allocate(steps * STEP_BLOCKS);
    const first = this.#window.highest + 1;
    const bytes = this.#blocks * BLOCK_BYTES;
    for (let place = 0; place < PACKETS; place++) {
      this.#mode.writeCounters(this.#ssrc, first + place, place * bytes, this.#blocks);
    }
    this.#memory.set(this.#mode.blockCipher.update(srtpMemory.keystream(PACKETS * bytes)));
    this.#first = first;
  }

  #allocate(blocks: number): void {
    const bytes = blocks * BLOCK_BYTES;
    const memory = Buffer.allocUnsafeSlow(PACKETS * bytes);
    this.#keystreams = Array.from({ length: PACKETS }, (_, place) =>
      memory.subarray(place * bytes, (place + 1) * bytes),
    );
    this.#memory = memory;
    this.#blocks = blocks;
  }
}
