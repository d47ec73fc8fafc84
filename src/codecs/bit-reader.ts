/**
 * Reads bits and exponential-Golomb codes (ITU-T H.264 §7.2, §9.1; those of H.265 and AV1 are the
 * same). Reading past the end returns zeros and sets `exhausted` instead of throwing, because the
 * input comes from the network.
 */
export class BitReader {
  /** True once more bits were read than there are, or a code was longer than 32 bits. */
  exhausted = false;
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Number of bits read. */
  get position(): number {
    return this.#position;
  }

  /** u(n): the next `count` bits, at most 32, as an unsigned number. */
  read(count: number): number {
    if (this.#position + count > this.#bytes.length * 8) {
      this.#position = this.#bytes.length * 8;
      this.exhausted = true;
      return 0;
    }
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.#bytes[this.#position >> 3]!;
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position++;
    }
    return value;
  }

  /** Skips `count` bits. */
  skip(count: number): void {
    this.read(count);
  }

  /** ue(v): an unsigned exponential-Golomb code, 0 to 2^32 − 2. */
  readUnsigned(): number {
    let zeros = 0;
    while (!this.exhausted && this.read(1) === 0) {
      zeros++;
      if (zeros > 31) {
        this.exhausted = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** se(v): a signed exponential-Golomb code. */
  readSigned(): number {
    const code = this.readUnsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -(code / 2);
  }
}

/**
 * The raw byte sequence payload of a NAL unit, including its header: each 3 in 0 0 3 is removed
 * (ITU-T H.264 §7.4.1). Returns the unit itself if there is nothing to remove.
 *
 * @param limit number of bytes to convert, for callers that need only the beginning
 */
export function removeEmulationPrevention(nal: Buffer, limit = nal.length): Buffer {
  const source = nal.subarray(0, limit);
  let from = source.indexOf(EMULATION_PREVENTION);
  if (from < 0) return source;
  const result = Buffer.allocUnsafe(source.length);
  let length = 0;
  let copied = 0;
  while (from >= 0) {
    length += source.copy(result, length, copied, from + 2);
    copied = from + 3;
    from = source.indexOf(EMULATION_PREVENTION, copied);
  }
  length += source.copy(result, length, copied);
  return result.subarray(0, length);
}

const EMULATION_PREVENTION = Buffer.from([0, 0, 3]);
