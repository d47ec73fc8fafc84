/** A source of bytes: a file handle, or an object in a store. */
export interface ByteSource {
  /**
   * Reads into a buffer from a position, like `FileHandle.read`.
   * @returns the number of bytes; 0 at the end
   */
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
}
