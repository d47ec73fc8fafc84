/** Where bytes are read from: a file's handle, or an object of a store. */
export interface ByteSource {
  /**
   * Reads into a buffer what there is at a place, as `FileHandle.read` does.
   * @returns how many bytes came; 0 at the end
   */
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>;
}
