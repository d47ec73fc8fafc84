import { crc32 } from 'node:zlib';

/** The content of a journal, and the encoding of its entries. */
export interface JournalFormat<Entry> {
  /** Name of the format in the header line. */
  name: string;
  /** Name in messages to the operator, such as `segment journal`. */
  title: string;
  /** The version that is written, and the newest one that can be read. */
  version: number;
  /** An entry as a JSON array whose first element is not the name of the format. */
  toArray(entry: Entry): unknown[];
  /**
   * Parses the output of `toArray`; returns undefined, or throws any error, for an unknown entry.
   */
  fromArray(array: unknown[]): Entry | undefined;
  /** Its time stamp, µs since the Unix epoch; undefined if it has none. */
  stampOf(entry: Entry): number | undefined;
}

/** The first line, which identifies the file. */
export interface JournalHeader {
  type: 'header';
  version: number;
  /** No later entry may get a time stamp (µs since the Unix epoch) up to this. */
  lastStamp: number;
}

/** Maximum length of a line that is read, bytes. */
export const MAX_LINE_BYTES = 1 << 20;

const SPACE = 0x20;
const CHECKSUM_DIGITS = 8;

/**
 * A line: eight hexadecimal digits of the CRC-32 of what follows the space, a space, a JSON array,
 * a newline. Each line is independent, so that damage to one does not affect others.
 */
export function encodeArray(array: unknown[]): string {
  const json = JSON.stringify(array);
  const checksum = crc32(json).toString(16).padStart(CHECKSUM_DIGITS, '0');
  return `${checksum} ${json}\n`;
}

/** Encodes an entry as a line; see {@link encodeArray}. */
export function encodeEntry<Entry>(format: JournalFormat<Entry>, entry: Entry): string {
  return encodeArray(format.toArray(entry));
}

/** The header line of a journal. */
export function encodeHeader<Entry>(
  { name }: JournalFormat<Entry>,
  { version, lastStamp }: Omit<JournalHeader, 'type'>,
): string {
  return encodeArray([name, version, lastStamp]);
}

/**
 * Parses the line in a buffer from `start` to its newline at `end`.
 * @returns undefined if it is damaged
 */
export function decodeLine<Entry>(
  format: JournalFormat<Entry>,
  buffer: Buffer,
  start: number,
  end: number,
): JournalHeader | Entry | undefined {
  const body = start + CHECKSUM_DIGITS + 1;
  if (body >= end || buffer[body - 1] !== SPACE) return undefined;
  const checksum = Number.parseInt(buffer.toString('latin1', start, body - 1), 16);
  if (crc32(buffer.subarray(body, end)) !== checksum) return undefined;
  try {
    const array: unknown[] = JSON.parse(buffer.toString('utf8', body, end));
    if (array[0] !== format.name) return format.fromArray(array);
    const [, version, lastStamp] = array;
    if (!Number.isSafeInteger(version) || !Number.isSafeInteger(lastStamp)) return undefined;
    return { type: 'header', version: version as number, lastStamp: lastStamp as number };
  } catch {
    return undefined;
  }
}
