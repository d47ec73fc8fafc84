/**
 * The first bytes of a frame that lies in pieces, in one buffer. Where the first piece has enough of
 * them it is that piece, whole.
 *
 * @param length bytes that are wanted; fewer where the frame has fewer
 */
export function leadingBytes(parts: readonly Buffer[], length: number): Buffer {
  const first = parts[0];
  if (first === undefined) return Buffer.alloc(0);
  if (first.length >= length || parts.length === 1) return first;
  const pieces: Buffer[] = [];
  for (let at = 0, bytes = 0; at < parts.length && bytes < length; at++) {
    pieces.push(parts[at]!.subarray(0, length - bytes));
    bytes += parts[at]!.length;
  }
  return Buffer.concat(pieces);
}
