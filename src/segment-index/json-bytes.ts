import { OVERHANG } from './json-words.ts';

/** Size of a new buffer, bytes. */
const FIRST_BYTES = 64 * 1024;
/** As many buffers are kept for the next contents. */
const SPARE_BUFFERS = 4;

/** A growing buffer for JSON that is written as bytes, without intermediate strings. */
export class JsonBytes {
  /** Where to write: words may begin anywhere. */
  view = newView(FIRST_BYTES);
  /** Views of buffers that came back. */
  #spare: DataView<ArrayBuffer>[] = [];

  /** Ensures space for this many bytes from a position on; then {@link view} may be another one. */
  reserve(at: number, bytes: number): DataView<ArrayBuffer> {
    const needed = at + bytes + OVERHANG;
    const { byteLength } = this.view;
    if (needed <= byteLength) return this.view;
    const grown = newView(Math.max(byteLength * 2, needed));
    contentOf(grown, at).set(contentOf(this.view, at));
    this.view = grown;
    return grown;
  }

  /** A copy of the content. @param length its size */
  take(length: number): Buffer {
    const copy = Buffer.allocUnsafe(length);
    copy.set(contentOf(this.view, length));
    return copy;
  }

  /**
   * The content itself, which is {@link release}d once it is not read any more. For large ones, new memory
   * costs as much as what is written into it.
   */
  lend(length: number): Buffer<ArrayBuffer> {
    const content = contentOf(this.view, length);
    this.view = this.#spare.pop() ?? newView(FIRST_BYTES);
    return content;
  }

  /** Takes back what {@link lend} returned: its bytes may change from now on. */
  release(content: Buffer<ArrayBuffer>): void {
    if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(new DataView(content.buffer));
  }

  /** The content as text. */
  text(length: number): string {
    return contentOf(this.view, length).toString();
  }
}

function newView(bytes: number): DataView<ArrayBuffer> {
  return new DataView(Buffer.allocUnsafeSlow(bytes).buffer);
}

function contentOf({ buffer }: DataView<ArrayBuffer>, length: number): Buffer<ArrayBuffer> {
  return Buffer.from(buffer, 0, length);
}
