import { constants, copyFile, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../files/durable-file.ts';
import { decodeLine, type JournalFormat } from './journal-line.ts';
import { readJournal } from './journal-reader.ts';

/** What is looked at to tell a damaged journal from a file of somebody else, bytes. */
const HEAD_BYTES = 65_536;
const LINE_OF_OURS = /^[0-9a-f]{8} \[/m;

interface CareLog {
  warn(fields: object, message: string): void;
}

/** Whoever keeps what a journal says in memory. */
export interface Journaled {
  /** Lines of the journal that could not be read when it was opened. */
  readonly damagedLines: number;
  /** Writes the journal anew with what is in memory. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal and takes care of one that was lost or damaged: a damaged one is kept aside under a
 * name of its own, and replaced by what could be read of it. What it lacks then has to be taken from
 * the recordings; until {@link markComplete} says that this was done, it is told again at each start.
 * @param path of the journal
 * @param openIt opens it; makes it where there is none
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
  // Before there is a new one, or a crash in between would leave one that looks whole.
  if (isHopeless || !(await sizeOf(path))) await markIncomplete(path);
  if (isHopeless) {
    const kept = await freeName(path);
    await rename(path, kept);
    log.warn({ path, kept }, `the ${format.title} cannot be read; it was set aside`);
  }
  const opened = await openIt();
  if (opened.damagedLines > 0) {
    try {
      await markIncomplete(path);
      const kept = await freeName(path);
      await copyFile(path, kept, constants.COPYFILE_EXCL);
      await opened.compact();
      log.warn({ path, kept }, `the ${format.title} was damaged; a copy was kept as it was`);
    } catch (err) {
      // It can be read all the same, and is looked at again at the next start.
      log.warn({ path, err }, `the damaged ${format.title} cannot be replaced`);
    }
  }
  return { opened, isIncomplete: (await sizeOf(markerOf(path))) !== undefined };
}

/** Notes that a journal lacks what the recordings tell. */
export async function markIncomplete(path: string): Promise<void> {
  await writeFile(markerOf(path), 'what this journal lacks is to be taken from the recordings\n');
}

/** Notes that a journal has all that the recordings tell. */
export async function markComplete(path: string): Promise<void> {
  await rm(markerOf(path), { force: true });
}

/**
 * Sets a journal aside, to begin a new one. No other process may have it open.
 * @returns the greatest time stamp in it, µs since the Unix epoch, as far as it can be read; and the
 * name under which it is kept
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

/** True for a journal of ours of which no line can be read, false for all else. */
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
    // A power cut leaves zeros where a file system had the length of a file on disk before its bytes.
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

/** A name beside the journal that nothing has. */
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

/** Bytes of a file; undefined where there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    },
  );
}
