/**
 * How far `to` lies after `from` on the circle of 16-bit sequence numbers (RFC 1982 §3.2): negative
 * when it lies before. Exactly half a circle, which RFC 1982 leaves open, counts as before.
 *
 * @returns −32768 to 32767
 */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/**
 * How far `to` lies after `from` on the circle of 32-bit RTP timestamps, in ticks: negative when it
 * lies before.
 *
 * @returns −2³¹ to 2³¹ − 1
 */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** Numbers in one turn of the 16-bit circle. */
const CIRCLE = 0x10000;

/**
 * Gives each 16-bit sequence number of one stream its extended number, which never wraps (RFC 3550
 * §A.1): the low 16 bits are the sequence number, the rest counts wraps.
 */
export class SequenceExtender {
  #highest: number | undefined;

  /** The highest extended number that was noted, undefined before the first. */
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

  /** Notes that a packet with this extended number is part of the stream. */
  note(extended: number): void {
    if (this.#highest === undefined || extended > this.#highest) this.#highest = extended;
  }

  /**
   * Continues at another place of the circle: an extended number for `sequenceNumber` that lies at
   * least a whole turn above all earlier ones, so that nothing from before can be taken for new.
   */
  jump(sequenceNumber: number): number {
    const turn = Math.floor((this.#highest ?? 0) / CIRCLE) + 2;
    this.#highest = turn * CIRCLE + sequenceNumber;
    return this.#highest;
  }
}
