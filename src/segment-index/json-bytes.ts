import { OVERHANG } from './json-words.ts';

/** Size of a new buffer, bytes. */
const FIRST_BYTES = 64 * 1024;
/** As many buffers are kept for the next contents. */
const SPARE_BUFFERS = 4;

/** A growing buffer for JSON that is written as bytes, without intermediate strings. */
export class JsonBytes {
  /** The buffer, where words may begin anywhere, and its bytes. */
  #view!: DataView<ArrayBuffer>;
  #bytes!: Buffer<ArrayBuffer>;
  /** Buffers that came back. */
  #spare: Buffer<ArrayBuffer>[] = [];

  constructor() {
    this.#use(newBytes(FIRST_BYTES));
  }

  /** Ensures space for this many bytes from a position on. @returns where to write them */
  reserve(at: number, bytes: number): DataView<ArrayBuffer> {
    const needed = at + bytes + OVERHANG;
    const full = this.#bytes;
    if (needed > full.length) {
      this.#use(newBytes(Math.max(full.length * 2, needed)));
      this.#bytes.set(full.subarray(0, at));
    }
    return this.#view;
  }

  /** A copy of the content. @param length its size */
  take(length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(0, length));
  }

  /**
   * The content itself, which is {@link release}d once it is not read any more. For large ones, new memory
   * costs as much as what is written into it.
   */
  lend(length: number): Buffer<ArrayBuffer> {
    const content = this.#bytes.subarray(0, length);
    this.#use(this.#spare.pop() ?? newBytes(FIRST_BYTES));
    return content;
  }

  /** Takes back what {@link lend} returned: its bytes may change from now on. */
  release(content: Buffer<ArrayBuffer>): void {
    if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(Buffer.from(content.buffer));
  }

  /** The content as text. */
  text(length: number): string {
    return this.#bytes.toString('utf8', 0, length);
  }

  #use(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Alone in their memory. */
function newBytes(length: number): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(length);
}
