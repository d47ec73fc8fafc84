/**
 * Distance from `from` to `to` in 16-bit sequence numbers (RFC 1982 §3.2): negative if `to` is
 * earlier. Exactly half the range, which RFC 1982 leaves undefined, counts as earlier.
 *
 * @returns −32768 to 32767
 */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/**
 * Distance from `from` to `to` in 32-bit RTP timestamps, ticks: negative if `to` is earlier.
 *
 * @returns −2³¹ to 2³¹ − 1
 */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** Number of 16-bit sequence numbers. */
const CIRCLE = 0x10000;

/**
 * Extends the 16-bit sequence numbers of a stream to numbers that never wrap (RFC 3550 §A.1): the
 * low 16 bits are the sequence number, the rest counts wraps.
 */
export class SequenceExtender {
  #highest: number | undefined;

  /** The highest extended number noted; undefined before the first. */
  get highest(): number | undefined {
    return this.#highest;
  }

  /**
   * The extended number nearest to the highest one that has these low 16 bits. Changes nothing.
   * Numbers start above zero, so that packets from before the first one have numbers too.
   */
  extend(sequenceNumber: number): number {
    if (this.#highest === undefined) return CIRCLE + sequenceNumber;
    return this.#highest + sequenceDistance(this.#highest & 0xffff, sequenceNumber);
  }

  /** Marks this extended number as part of the stream. */
  note(extended: number): void {
    if (this.#highest === undefined || extended > this.#highest) this.#highest = extended;
  }

  /**
   * Continues elsewhere: returns an extended number for `sequenceNumber` at least one full cycle
   * above all earlier ones, so that no earlier packet can appear new.
   */
  jump(sequenceNumber: number): number {
    const turn = Math.floor((this.#highest ?? 0) / CIRCLE) + 2;
    this.#highest = turn * CIRCLE + sequenceNumber;
    return this.#highest;
  }
}
