import { BLOCK_BYTES, type CounterMode, computeKeystream } from './counter-mode.ts';
import { returnWindow, takeWindow, WINDOW_BYTES } from './keystream-windows.ts';

/** Packets whose keystream is computed in one call: 50 ms of a video of 2.5 Mbit/s, 320 ms of sound. */
const PACKETS = 16;
/** Most keystream of a packet, blocks: longer ones than fit an Ethernet frame are rare, and handled alone. */
const MOST_BLOCKS = WINDOW_BYTES / PACKETS / BLOCK_BYTES;
/** Keystream is as long as that of the longest packet so far, in these steps, blocks. */
const STEP_BLOCKS = 4;

/** The packets of an SSRC so far: those that were authentic, or that we sealed. */
export interface PastPackets {
  /** The highest index; -1 before the first. */
  readonly highest: number;
}

/**
 * The keystream of the next packets of an SSRC. It depends on their numbers alone, so that it can be computed
 * before they arrive, in one call for many: that call costs several times what AES takes for a packet.
 */
export class KeystreamAhead {
  readonly ssrc: number;
  readonly #mode: CounterMode;
  readonly #past: PastPackets;
  /** Address of its window, from the second packet on until it is released. */
  #window: number | undefined;
  #isReleased = false;
  /** Index of the first packet whose keystream is there, and of the first one behind them. */
  #first = 0;
  #end = 0;
  /** Blocks of each. */
  #blocks = 0;

  /** @param past only these packets decide what comes next */
  constructor(mode: CounterMode, ssrc: number, past: PastPackets) {
    this.#mode = mode;
    this.ssrc = ssrc;
    this.#past = past;
  }

  /**
   * The keystream of a packet.
   * @param index 48 bits: rollover counter × 2^16 + sequence number; of RTCP its index
   * @returns its address in the memory of SRTP, valid until the next call; `undefined` for a packet that is not one
   * of the next ones, or too long, and if there is no memory
   */
  addressOf(index: number, blocks: number): number | undefined {
    if (index < this.#first || index >= this.#end || blocks > this.#blocks) {
      const ahead = index - this.#past.highest;
      if (blocks > MOST_BLOCKS || ahead <= 0 || ahead > PACKETS) return undefined;
      if (!this.#isReleased) this.#window ??= takeWindow();
      if (this.#window === undefined) return undefined;
      this.#compute(this.#window, blocks);
    }
    return this.#window! + (index - this.#first) * this.#blocks * BLOCK_BYTES;
  }

  /** Gives its memory to others. There is no keystream any more. */
  release(): void {
    if (this.#window !== undefined) returnWindow(this.#window);
    this.#window = undefined;
    this.#isReleased = true;
    this.#end = 0;
  }

  /** Computes that of the packets behind the last one. */
  #compute(window: number, blocks: number): void {
    // A packet may have no body, and be the first of these.
    const steps = Math.max(1, Math.ceil(blocks / STEP_BLOCKS));
    this.#blocks = Math.max(this.#blocks, steps * STEP_BLOCKS);
    this.#first = this.#past.highest + 1;
    this.#end = this.#first + PACKETS;
    computeKeystream(this.#mode, this.ssrc, this.#first, window, PACKETS, this.#blocks);
  }
}
