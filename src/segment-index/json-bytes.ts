const ZERO = 0x30;
/** The digits of the numbers from 00 to 99. */
const PAIRS = Buffer.from(
  Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0')).join(''),
  'latin1',
);

/** Size of a new buffer, bytes. */
const FIRST_BYTES = 64 * 1024;
/** As many buffers are kept for the next contents. */
const SPARE_BUFFERS = 4;

/** Writes JSON as bytes into a growing buffer, without intermediate strings. */
export class JsonBytes {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Buffers that came back. */
  #spare: Buffer[] = [];
  #length = 0;
  /** What {@link JsonBytes.number} wrote before its last eight digits, and these digits. */
  #lastHigh = -1;
  #leadingDigits = new Uint8Array(8);
  #leadingLength = 0;

  /** Empties the buffer. */
  reset(): void {
    this.#length = 0;
  }

  /** A copy of the content. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  /**
   * The content itself, which is {@link release}d once it is not read any more. For large ones, new memory
   * costs as much as what is written into it.
   */
  lend(): Buffer {
    const content = this.#buffer.subarray(0, this.#length);
    this.#buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#length = 0;
    return content;
  }

  /** Takes back what {@link lend} returned: its bytes may change from now on. */
  release(content: Buffer): void {
    if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(Buffer.from(content.buffer));
  }

  /** The content as text. */
  text(): string {
    return this.#buffer.toString('utf8', 0, this.#length);
  }

  /** Number of bytes. */
  get length(): number {
    return this.#length;
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

  /** An integer from 0 to 2^53 - 1, padded with zeros to `digits`, at most 9. At most 16 bytes. */
  number(value: number, digits = 1): void {
    if (value < 1e8) {
      this.#small(value, digits);
      return;
    }
    // Both halves fit into 32 bits, where division is fast.
    const high = Math.floor(value / 1e8);
    this.#leading(high);
    this.#eight((value - high * 1e8) | 0);
  }

  /** The digits above the last eight: in most of the times of a page, they are the same. */
  #leading(high: number): void {
    const digits = this.#leadingDigits;
    if (high !== this.#lastHigh) {
      const start = this.#length;
      this.#small(high, 1);
      this.#lastHigh = high;
      this.#leadingLength = this.#length - start;
      digits.set(this.#buffer.subarray(start, this.#length));
      return;
    }
    const buffer = this.#buffer;
    const length = this.#leadingLength;
    let at = this.#length;
    for (let index = 0; index < length; index++) buffer[at++] = digits[index]!;
    this.#length = at;
  }

  #eight(value: number): void {
    const left = (value / 10_000) | 0;
    this.#four(left);
    this.#four(value - left * 10_000);
  }

  #four(value: number): void {
    const left = (value / 100) | 0;
    const first = left * 2;
    const second = (value - left * 100) * 2;
    const at = this.#length;
    const buffer = this.#buffer;
    buffer[at] = PAIRS[first]!;
    buffer[at + 1] = PAIRS[first + 1]!;
    buffer[at + 2] = PAIRS[second]!;
    buffer[at + 3] = PAIRS[second + 1]!;
    this.#length = at + 4;
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
