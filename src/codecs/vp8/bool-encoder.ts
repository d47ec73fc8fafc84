/** What a {@link BoolEncoder} has written and holds. */
export interface BoolEncoderState {
  bytes: readonly number[];
  /** The interval that is left: 128 to 255 wide from `bottom` on, which has 32 bits. */
  range: number;
  bottom: number;
  /** Shifts until the next byte is whole. */
  shifts: number;
}

/** The arithmetic coder of VP8 (RFC 6386 §7.3). */
export class BoolEncoder {
  readonly #bytes: number[];
  #range: number;
  #bottom: number;
  #shifts: number;

  /** @param state that it goes on from */
  constructor({ bytes, range, bottom, shifts }: BoolEncoderState) {
    this.#bytes = [...bytes];
    this.#range = range;
    this.#bottom = bottom;
    this.#shifts = shifts;
  }

  /** Writes a bit. @param probability that it is 0, of 256 */
  write(probability: number, bit: 0 | 1): void {
    const split = 1 + (((this.#range - 1) * probability) >> 8);
    if (bit === 0) this.#range = split;
    else {
      this.#bottom += split;
      this.#range -= split;
    }
    for (; this.#range < 128; this.#range *= 2) this.#shift();
  }

  /** The bytes, with all that is held. */
  end(): Buffer {
    for (let i = 0; i < 32; i++) this.#shift();
    return Buffer.from(this.#bytes);
  }

  #shift(): void {
    this.#bottom *= 2;
    if (this.#bottom >= 2 ** 32) this.#carry();
    if (--this.#shifts > 0) return;
    this.#bytes.push(Math.floor(this.#bottom / 2 ** 24));
    this.#bottom %= 2 ** 24;
    this.#shifts = 8;
  }

  /** Adds 1 to the bytes that are written. */
  #carry(): void {
    this.#bottom -= 2 ** 32;
    let at = this.#bytes.length - 1;
    for (; this.#bytes[at] === 0xff; at--) this.#bytes[at] = 0;
    this.#bytes[at]!++;
  }
}
