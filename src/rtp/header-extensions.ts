import type { RtpHeader } from './rtp-header.ts';

const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
/** Maximum number of elements; no sender uses more. */
const CAPACITY = 32;

/**
 * The elements of an RTP header extension, one-byte and two-byte form (RFC 8285 §4.2, §4.3). One
 * instance is reused for all packets, to avoid an allocation per packet.
 */
export class HeaderExtensions {
  readonly #ids = new Uint8Array(CAPACITY);
  readonly #starts = new Uint16Array(CAPACITY);
  readonly #lengths = new Uint8Array(CAPACITY);
  #count = 0;

  /**
   * Parses the extension of the packet from which `header` was parsed. An extension with another
   * profile has no elements.
   *
   * @returns false if an element exceeds the extension
   */
  parse(datagram: Buffer, header: RtpHeader): boolean {
    this.#count = 0;
    const profile = header.extensionProfile;
    if (profile === ONE_BYTE_PROFILE) {
      return this.#parseOneByte(datagram, header.extensionStart, header.extensionEnd);
    }
    if ((profile & 0xfff0) === TWO_BYTE_PROFILE) {
      return this.#parseTwoByte(datagram, header.extensionStart, header.extensionEnd);
    }
    return true;
  }

  /**
   * Position of the element with this identifier, for `start` and `length`; -1 if there is none.
   */
  find(id: number | undefined): number {
    if (id === undefined) return -1;
    for (let position = 0; position < this.#count; position++) {
      if (this.#ids[position] === id) return position;
    }
    return -1;
  }

  /** Offset in the datagram of an element's data. @param position from `find` */
  start(position: number): number {
    return this.#starts[position]!;
  }

  /**
   * Length of an element's data, bytes; may be 0 in the two-byte form. @param position from `find`
   */
  length(position: number): number {
    return this.#lengths[position]!;
  }

  #parseOneByte(datagram: Buffer, start: number, end: number): boolean {
    let offset = start;
    while (offset < end) {
      const first = datagram[offset]!;
      const id = first >>> 4;
      offset++;
      if (first === 0) continue;
      // Identifier 15, or 0 with a length, ends the processing of the whole extension.
      if (id === 15 || id === 0) return true;
      const length = (first & 0x0f) + 1;
      if (offset + length > end) return false;
      this.#add(id, offset, length);
      offset += length;
    }
    return true;
  }

  #parseTwoByte(datagram: Buffer, start: number, end: number): boolean {
    let offset = start;
    while (offset < end) {
      const id = datagram[offset]!;
      offset++;
      if (id === 0) continue;
      if (offset >= end) return false;
      const length = datagram[offset]!;
      offset++;
      if (offset + length > end) return false;
      this.#add(id, offset, length);
      offset += length;
    }
    return true;
  }

  #add(id: number, start: number, length: number): void {
    if (this.#count === CAPACITY) return;
    this.#ids[this.#count] = id;
    this.#starts[this.#count] = start;
    this.#lengths[this.#count] = length;
    this.#count++;
  }
}
