import { crc32 } from 'node:zlib';

/** What a journal holds, and how its entries are written. */
export interface JournalFormat<Entry> {
  /** Names the format in the header line. */
  name: string;
  /** What messages to the operator call it, such as `segment journal`. */
  title: string;
  /** The version that is written, and the newest that is read. */
  version: number;
  /** An entry as a JSON array whose first element is not the name of the format. */
  toArray(entry: Entry): unknown[];
  /** Reads what `toArray` made; undefined, or an error of any kind, where it knows no such entry. */
  fromArray(array: unknown[]): Entry | undefined;
  /** Its time stamp, µs since the Unix epoch; undefined for an entry that has none. */
  stampOf(entry: Entry): number | undefined;
}

/** First line: what file this is. */
export interface JournalHeader {
  type: 'header';
  version: number;
  /** No time stamp (µs since the Unix epoch) up to this may be given to an entry again. */
  lastStamp: number;
}

/** Longest line that is read back, bytes. */
export const MAX_LINE_BYTES = 1 << 20;

const SPACE = 0x20;
const CHECKSUM_DIGITS = 8;

/**
 * One line: eight hexadecimal digits of the CRC-32 of what follows the space, a space, a JSON array,
 * a newline. Every line stands for itself, so that damage to one never costs another.
 */
export function encodeArray(array: unknown[]): string {
  const json = JSON.stringify(array);
  const checksum = crc32(json).toString(16).padStart(CHECKSUM_DIGITS, '0');
  return `${checksum} ${json}\n`;
}

/** An entry as a line; see {@link encodeArray}. */
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
 * Reads the line that stands in a buffer from `start` up to its newline at `end`.
 * @returns undefined when it is damaged
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
