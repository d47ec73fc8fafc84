import { constants, copyFile, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../files/durable-file.ts';
import { decodeLine, type JournalFormat } from './journal-line.ts';
import { readJournal } from './journal-reader.ts';

/**
 * Size of the beginning that is examined to distinguish a damaged journal from a foreign file,
 * bytes.
 */
const HEAD_BYTES = 65_536;
const LINE_OF_OURS = /^[0-9a-f]{8} \[/m;

interface CareLog {
  warn(fields: object, message: string): void;
}

/** An object that holds the content of a journal in memory. */
export interface Journaled {
  /** Number of journal lines that could not be read when it was opened. */
  readonly damagedLines: number;
  /** Rewrites the journal from memory. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal and handles one that was lost or damaged: a damaged one is kept under another
 * name, and replaced by what could be read. What is missing must be taken from the recordings;
 * until {@link markComplete} is called, every start reports it again.
 * @param path of the journal
 * @param openIt opens the journal, and creates it if there is none
 * @throws what opening throws; the file system's error
 */
export async function openWithCare<T extends Journaled, Entry extends { type: string }>(
  path: string,
  format: JournalFormat<Entry>,
  log: CareLog,
  openIt: () => Promise<T>,
): Promise<{ opened: T; isIncomplete: boolean }> {
  await makeFolder(dirname(path));
  const isHopeless = await isUnreadable(path, format);
  // Before the new one exists: after a crash in between, it would appear complete.
  if (isHopeless || !(await sizeOf(path))) await markIncomplete(path);
  if (isHopeless) {
    const kept = await freeName(path);
    await rename(path, kept);
    log.warn({ path, kept }, `the ${format.title} cannot be read; it was renamed`);
  }
  const opened = await openIt();
  if (opened.damagedLines > 0) {
    try {
      await markIncomplete(path);
      const kept = await freeName(path);
      await copyFile(path, kept, constants.COPYFILE_EXCL);
      await opened.compact();
      log.warn({ path, kept }, `the ${format.title} was damaged; a copy was kept`);
    } catch (err) {
      // It is readable nevertheless, and is examined again at the next start.
      log.warn({ path, err }, `the damaged ${format.title} cannot be replaced`);
    }
  }
  return { opened, isIncomplete: (await sizeOf(markerOf(path))) !== undefined };
}

/** Marks a journal as lacking entries that the recordings have. */
export async function markIncomplete(path: string): Promise<void> {
  await writeFile(markerOf(path), 'what this journal lacks is to be taken from the recordings\n');
}

/** Marks a journal as complete. */
export async function markComplete(path: string): Promise<void> {
  await rm(markerOf(path), { force: true });
}

/**
 * Renames a journal so that a new one can begin. No other process may have it open.
 * @returns the greatest time stamp in it, µs since the Unix epoch, as far as it can be read, and
 * its new name
 */
export async function retireJournal<Entry extends { type: string }>(
  path: string,
  format: JournalFormat<Entry>,
): Promise<{ lastStamp: number; kept: string | undefined }> {
  let lastStamp = 0;
  if (((await sizeOf(path)) ?? 0) === 0) return { lastStamp, kept: undefined };
  const file = await open(path);
  try {
    await readJournal(
      file,
      path,
      format,
      (header) => {
        lastStamp = Math.max(lastStamp, header.lastStamp);
      },
      (entry) => {
        lastStamp = Math.max(lastStamp, format.stampOf(entry) ?? 0);
        return true;
      },
    );
  } catch (error) {
    if (!(await isUnreadable(path, format))) throw error;
  } finally {
    await file.close();
  }
  await markIncomplete(path);
  const kept = await freeName(path);
  await rename(path, kept);
  return { lastStamp, kept };
}

/** True for a journal of ours without a readable line; false for any other file. */
async function isUnreadable<Entry extends { type: string }>(
  path: string,
  format: JournalFormat<Entry>,
): Promise<boolean> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (file === undefined) return false;
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead === 0) return false;
    const head = buffer.subarray(0, bytesRead);
    for (let start = 0; ; ) {
      const end = head.indexOf('\n', start);
      if (end < 0) break;
      if (decodeLine(format, head, start, end) !== undefined) return false;
      start = end + 1;
    }
    // After a power failure, a file system that had stored the length of a file before its content
    // fills it with zeros.
    const isZeros = head.every((byte) => byte === 0);
    if (!isZeros && !LINE_OF_OURS.test(head.toString('latin1'))) return false;
    const read = readJournal(
      file,
      path,
      format,
      () => {},
      () => true,
    );
    return await read.then(
      () => false,
      () => true,
    );
  } finally {
    await file.close();
  }
}

/** A name beside the journal that is not in use. */
async function freeName(path: string): Promise<string> {
  const day = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  for (let count = 1; ; count++) {
    const name = `${path}.kept-${day}${count === 1 ? '' : `-${count}`}`;
    if ((await sizeOf(name)) === undefined) return name;
  }
}

function markerOf(path: string): string {
  return `${path}.incomplete`;
}

/** Size of a file; undefined if it does not exist. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    },
  );
}
