/**
 * The first bytes of a frame in pieces, in one buffer. If the first piece has enough of them, it is
 * returned whole.
 *
 * @param length number of bytes; fewer are returned if the frame is shorter
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
