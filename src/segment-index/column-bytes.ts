type Column = Float64Array | Uint32Array | Uint8Array;

/** In the order in which they are stored, so that all of them begin where their elements may. */
const KINDS = [Float64Array, Uint32Array, Uint8Array] as const;
/** Written and read as a number of this machine, so that those of another byte order are refused. */
const NATIVE_ORDER = 0x01020304;
/** Bytes before the columns: the byte order, their number, and kind and length of each, padded to eight. */
const headWords = (columns: number) => (2 + 2 * columns + 1) & ~1;

/** Typed arrays as bytes, in the byte order of this machine. */
export function encodeColumns(columns: readonly Column[]): Uint8Array {
  const head = new Uint32Array(headWords(columns.length));
  head.set([NATIVE_ORDER, columns.length]);
  for (const [index, column] of columns.entries()) {
    head.set([KINDS.findIndex((kind) => column instanceof kind), column.length], 2 + 2 * index);
  }
  const size = columns.reduce((sum, { byteLength }) => sum + byteLength, head.byteLength);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of [head, ...KINDS.flatMap((kind) => columns.filter((c) => c instanceof kind))]) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

/**
 * The typed arrays of {@link encodeColumns}, as views of the bytes.
 * @param bytes at the beginning of their `ArrayBuffer`
 * @throws Error if they are not that, or of a machine with another byte order
 */
export function decodeColumns(bytes: Uint8Array): Column[] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  const count = words[1] ?? 0;
  let at = headWords(count) * 4;
  if (words[0] !== NATIVE_ORDER || at > bytes.byteLength) throw new Error('they are no columns');
  const columns: Column[] = new Array(count);
  for (const [kind, Kind] of KINDS.entries()) {
    for (let index = 0; index < count; index++) {
      if (words[2 + 2 * index] !== kind) continue;
      const length = words[3 + 2 * index]!;
      const size = length * Kind.BYTES_PER_ELEMENT;
      if (at + size > bytes.byteLength) throw new Error('columns are missing');
      columns[index] = new Kind(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, length);
      at += size;
    }
  }
  return columns;
}
