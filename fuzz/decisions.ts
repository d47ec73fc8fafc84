/**
 * Takes an input apart into decisions, so that bytes steer a sequence of calls with sensible
 * arguments: any input is a valid sequence, and a small change of it a small change of the sequence.
 * Behind the end everything is 0.
 */
export class Decisions {
  readonly #input: Buffer;
  #offset = 0;

  constructor(input: Buffer) {
    this.#input = input;
  }

  /** True once all of the input is used. */
  get done(): boolean {
    return this.#offset >= this.#input.length;
  }

  /** 0–255. */
  byte(): number {
    return this.#input[this.#offset++] ?? 0;
  }

  /** −128–127. */
  signed(): number {
    return (this.byte() << 24) >> 24;
  }

  /** 0–65,535. */
  word(): number {
    return this.byte() * 0x100 + this.byte();
  }

  /** 32 bits, unsigned. */
  long(): number {
    return this.word() * 0x10000 + this.word();
  }

  /** A whole number that is mostly small, at times as large as 2^53. */
  size(): number {
    const kind = this.byte();
    if (kind < 0xa0) return kind;
    if (kind < 0xe0) return this.word();
    return kind < 0xf8 ? this.long() : (this.long() % 0x200000) * 2 ** 32 + this.long();
  }

  /** As many bytes as are asked for, or as are left. */
  bytes(length: number): Buffer {
    const start = this.#offset;
    this.#offset += length;
    return this.#input.subarray(start, this.#offset);
  }

  /** Bytes behind a length of one byte, or of two where that is 255. */
  block(): Buffer {
    const length = this.byte();
    return this.bytes(length < 0xff ? length : this.word());
  }

  /** Text behind its length. */
  text(): string {
    return this.block().toString();
  }

  /** All that is left. */
  rest(): Buffer {
    return this.bytes(Math.max(0, this.#input.length - this.#offset));
  }
}
