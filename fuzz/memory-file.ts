/** Bytes that are read as a file's are, a part at a time. */
export class MemoryFile {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** As `FileHandle.read`; gives less than is asked for at times, as files do. */
  async read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }> {
    const wanted = length > 1 && position % 3 === 1 ? Math.ceil(length / 2) : length;
    const bytesRead = this.#bytes.copy(buffer, offset, position, position + wanted);
    return { bytesRead };
  }
}
