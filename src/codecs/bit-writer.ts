/** Writes bits and exponential-Golomb codes, the most significant bit first (ITU-T H.264 §7.2, §9.1). */
export class BitWriter {
  #bytes = Buffer.alloc(64);
  #bits = 0;

  /** u(n). @param count bits, 0 to 32 */
  write(count: number, value: number): void {
    for (let bit = count - 1; bit >= 0; bit--) this.#put((value >>> bit) & 1);
  }

  /** ue(v). @param value below 2^31 */
  writeUnsigned(value: number): void {
    const length = 31 - Math.clz32(value + 1);
    this.write(length, 0);
    this.write(length + 1, value + 1);
  }

  /** se(v) (§9.1.1). @param value of which the size is below 2^30 */
  writeSigned(value: number): void {
    this.writeUnsigned(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** The bytes, ended by a 1 and as many zeros as it takes (rbsp_trailing_bits). */
  end(): Buffer {
    this.#put(1);
    return Buffer.from(this.#bytes.subarray(0, Math.ceil(this.#bits / 8)));
  }

  #put(bit: number): void {
    const at = this.#bits++ >> 3;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * at);
    if (bit === 1) this.#bytes[at]! |= 0x80 >> ((this.#bits - 1) & 7);
  }
}

/** Puts in the bytes that keep a start code from standing within a NAL unit (ITU-T H.264 §7.4.1). */
export function insertEmulationPrevention(payload: Buffer): Buffer {
  const bytes: number[] = [];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros === 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Buffer.from(bytes);
}
