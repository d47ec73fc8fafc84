/** Maximum number of frames in a superframe. */
export const MOST_FRAMES = 8;

/** Maximum size of an index, bytes: up to four per frame, between two markers. */
export const LONGEST_INDEX = 2 + 4 * MOST_FRAMES;

/**
 * The index after the frames of a superframe, with their sizes (VP9 bitstream specification, annex
 * B).
 *
 * @param sizes of the 1 to 8 frames, bytes
 */
export function superframeIndex(sizes: readonly number[]): Buffer {
  let bytesPerSize = 1;
  for (const size of sizes) while (size >= 2 ** (8 * bytesPerSize)) bytesPerSize++;
  const marker = 0xc0 | ((bytesPerSize - 1) << 3) | (sizes.length - 1);
  const index = Buffer.alloc(2 + bytesPerSize * sizes.length);
  index[0] = marker;
  for (const [at, size] of sizes.entries()) {
    index.writeUIntLE(size, 1 + at * bytesPerSize, bytesPerSize);
  }
  index[index.length - 1] = marker;
  return index;
}

/**
 * Parses the index at the end of a superframe.
 *
 * @param end its last bytes, {@link LONGEST_INDEX} if there are as many
 * @returns sizes of the frames, bytes; undefined for a frame without an index
 */
export function readSuperframeIndex(end: Buffer): number[] | undefined {
  const marker = end.at(-1) ?? 0;
  if (marker >> 5 !== 6) return undefined;
  const frames = 1 + (marker & 7);
  const bytesPerSize = 1 + ((marker >> 3) & 3);
  const start = end.length - 2 - frames * bytesPerSize;
  if (start < 0 || end[start] !== marker) return undefined;
  return Array.from({ length: frames }, (_, at) =>
    end.readUIntLE(start + 1 + at * bytesPerSize, bytesPerSize),
  );
}
