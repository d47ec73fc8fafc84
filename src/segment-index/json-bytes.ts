const ZERO = 0x30;

/** Writes JSON as bytes into a growing buffer, without intermediate strings. */
export class JsonBytes {
  #buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #length = 0;

  /** Empties the buffer. */
  reset(): void {
    this.#length = 0;
  }

  /** A copy of the content. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  /** Ensures space for this many bytes; call it before writing them. */
  reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  bytes(bytes: Buffer): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  byte(byte: number): void {
    this.#buffer[this.#length++] = byte;
  }

  /** An integer from 0 to 2^53 - 1, padded with zeros to `digits`. At most 16 bytes. */
  number(value: number, digits = 1): void {
    // Both halves fit into 32 bits, where division is fast.
    const high = Math.floor(value / 1e8);
    const low = value - high * 1e8;
    if (high === 0) {
      this.#small(low, digits);
    } else {
      this.#small(high, digits - 8);
      this.#small(low, 8);
    }
  }

  #small(value: number, digits: number): void {
    let width = 1;
    for (let limit = 10; width < 9 && value >= limit; limit *= 10) width++;
    if (width < digits) width = digits;
    const buffer = this.#buffer;
    const start = this.#length;
    let rest = value | 0;
    for (let at = start + width - 1; at >= start; at--) {
      const tenth = (rest / 10) | 0;
      buffer[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.#length = start + width;
  }
}
