import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import {
  decodeLine,
  type JournalFormat,
  type JournalHeader,
  MAX_LINE_BYTES,
} from './journal-line.ts';

const NEWLINE = 0x0a;
/** Bytes at the beginning and at the end of a part of a journal by which it is recognized. */
const FIRST_BYTES = 4096;
const LAST_BYTES = 65_536;

/** The result of reading a journal. */
export interface JournalRead {
  /** Size up to and including the last newline, bytes. */
  length: number;
  /** Size of the incomplete line after it, bytes. */
  tornBytes: number;
  /** Number of lines that could not be read. */
  damaged: number;
  /** Offset of the first of them, bytes. */
  firstDamaged: number | undefined;
}

/**
 * Reads a journal line by line in constant memory.
 * @param onHeader called for each header line
 * @param onEntry returns false for an entry that is invalid in its place
 * @param from start of the first line to read, bytes
 * @throws Error if no line is valid, unless there is a part before it, or if the version is unknown
 */
export async function readJournal<Entry extends { type: string }>(
  file: FileHandle,
  path: string,
  format: JournalFormat<Entry>,
  onHeader: (header: JournalHeader) => void,
  onEntry: (entry: Entry) => boolean,
  from = 0,
): Promise<JournalRead> {
  const buffer = Buffer.allocUnsafeSlow(2 * MAX_LINE_BYTES);
  const read: JournalRead = { length: from, tornBytes: 0, damaged: 0, firstDamaged: undefined };
  let good = 0;
  /** Number of bytes in the buffer, and its offset in the file. */
  let filled = 0;
  let offset = from;
  /** Start of a line that is too long, while inside it. */
  let skippingFrom: number | undefined;

  const damaged = (at: number) => {
    read.damaged++;
    read.firstDamaged ??= at;
  };
  const take = (line: JournalHeader | Entry): boolean => {
    if (!isHeader(line)) return onEntry(line);
    if (line.version > format.version) {
      throw new Error(
        `${path} was written by a later version of the recorder (journal version ${line.version}, ` +
          `this one reads ${format.version}); update the recorder or set another recorder.index_path`,
      );
    }
    onHeader(line);
    return true;
  };
  for (;;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
    const whole = buffer.subarray(0, filled);
    let start = 0;
    for (;;) {
      const end = whole.indexOf(NEWLINE, start);
      if (end < 0) break;
      const line = skippingFrom === undefined ? decodeLine(format, buffer, start, end) : undefined;
      if (line !== undefined && take(line)) good++;
      else damaged(skippingFrom ?? offset + start);
      skippingFrom = undefined;
      start = end + 1;
      read.length = offset + start;
    }
    if (filled - start > MAX_LINE_BYTES) {
      skippingFrom ??= offset + start;
      start = filled;
    }
    buffer.copyWithin(0, start, filled);
    offset += start;
    filled -= start;
  }
  read.tornBytes = offset + filled - read.length;
  if (good === 0 && from === 0) {
    throw new Error(
      `${path} is not a ${format.title}; move it away or set another recorder.index_path`,
    );
  }
  return read;
}

function isHeader(line: { type: string }): line is JournalHeader {
  return line.type === 'header';
}

/**
 * Recognizes the part of a journal by its first and its last bytes: the stamps there are unique.
 * @returns the CRC-32 of both
 * @throws Error if the journal is shorter; the file system's error
 */
export async function journalChecksum(file: FileHandle, length: number): Promise<number> {
  const bytes = Buffer.alloc(Math.min(length, FIRST_BYTES + LAST_BYTES));
  const first = Math.min(length, FIRST_BYTES);
  const last = bytes.length - first;
  const reads = [await file.read(bytes, 0, first, 0)];
  if (last > 0) reads.push(await file.read(bytes, first, last, length - last));
  const bytesRead = reads.reduce((sum, read) => sum + read.bytesRead, 0);
  if (bytesRead < bytes.length) throw new Error(`the journal is shorter than ${length} bytes`);
  return crc32(bytes);
}
