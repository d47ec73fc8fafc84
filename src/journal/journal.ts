import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../files/durable-file.ts';
import { encodeHeader, type JournalFormat, type JournalHeader } from './journal-line.ts';
import { type JournalRead, journalChecksum, readJournal } from './journal-reader.ts';

/** The log for opening a journal. */
export interface JournalLog {
  warn(fields: object, message: string): void;
}

/** Options of a journal. */
export interface JournalOptions<Entry> {
  path: string;
  format: JournalFormat<Entry>;
  log: JournalLog;
  /** Called for the header line. */
  onHeader(header: JournalHeader): void;
  /** Called for every valid line in order; returns false if the entry is invalid in its place. */
  onEntry(entry: Entry): boolean;
  /** Lines need only survive the end of the process, not that of the machine. */
  isLazy?: boolean;
  /** Start of the first line that is read, bytes; what is before it is known already. */
  from?: number;
}

/**
 * An append-only file of lines, made durable batch by batch. It does not support concurrent calls.
 */
export class Journal {
  /** Number of lines that could not be read when it was opened. */
  readonly damagedLines: number;
  readonly #path: string;
  readonly #header: (lastStamp: number) => string;
  readonly #isLazy: boolean;
  #file: FileHandle;
  /** Length of the complete, durable lines, bytes. */
  #length: number;
  /** True if a failed write may have left bytes beyond that length. */
  #torn = false;

  private constructor(
    path: string,
    header: (lastStamp: number) => string,
    file: FileHandle,
    { length, damaged }: JournalRead,
    isLazy: boolean,
  ) {
    this.#path = path;
    this.#isLazy = isLazy;
    this.#header = header;
    this.#file = file;
    this.#length = length;
    this.damagedLines = damaged;
  }

  /**
   * Opens a journal, or creates it in an existing folder, and reads it. An incomplete last line is
   * cut off and damaged lines are skipped; both are logged.
   * @throws Error if the file is no journal, or a journal of a later version
   */
  static async open<Entry extends { type: string }>(
    options: JournalOptions<Entry>,
  ): Promise<Journal> {
    const { path, format, log, onHeader, onEntry, isLazy = false, from = 0 } = options;
    const header = (lastStamp: number) =>
      encodeHeader(format, { version: format.version, lastStamp });
    await rm(newPath(path), { force: true });
    let file: FileHandle;
    try {
      file = await open(path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      file = await create(path, header(0));
    }
    try {
      if ((await file.stat()).size === 0) {
        await file.close();
        file = await create(path, header(0));
      }
      const read = await readJournal(file, path, format, onHeader, onEntry, from);
      if (read.damaged > 0) {
        log.warn(
          { path, lines: read.damaged, firstOffset: read.firstDamaged },
          `skipped damaged lines of the ${format.title}`,
        );
      }
      if (read.tornBytes > 0) {
        await file.truncate(read.length);
        await file.datasync();
        log.warn({ path, bytes: read.tornBytes }, `cut off the torn end of the ${format.title}`);
      }
      return new Journal(path, header, file, read, isLazy);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Size of the file, bytes. */
  get length(): number {
    return this.#length;
  }

  /** See {@link journalChecksum}, of all complete lines. No line may be appended meanwhile. */
  checksum(): Promise<number> {
    return journalChecksum(this.#file, this.#length);
  }

  /**
   * Appends lines; durable when it resolves, unless the journal is lazy. If it rejects, the file is
   * unchanged.
   * @throws the file system's error, such as ENOSPC
   */
  async append(lines: Buffer): Promise<void> {
    await this.#cutTornEnd();
    this.#torn = true;
    try {
      await writeAll(this.#file, lines, this.#length);
      if (!this.#isLazy) await this.#file.datasync();
    } catch (error) {
      // A line that was rejected must not reappear at the next start. If this fails too, it is
      // retried before the next append.
      await this.#cutTornEnd().catch(() => {});
      throw error;
    }
    this.#torn = false;
    this.#length += lines.length;
  }

  /**
   * Begins a new file that will replace this one.
   * @param lastStamp see {@link JournalHeader}
   */
  async startRewrite(lastStamp: number): Promise<JournalRewrite> {
    return JournalRewrite.start(newPath(this.#path), this.#header(lastStamp));
  }

  /**
   * Replaces this file by the new one atomically; durable when it resolves. If that fails, the new
   * file is deleted and this one stays.
   */
  async adopt(rewrite: JournalRewrite): Promise<void> {
    try {
      await rewrite.file.datasync();
      await rename(newPath(this.#path), this.#path);
    } catch (error) {
      await rewrite.abandon();
      throw error;
    }
    const old = this.#file;
    this.#file = rewrite.file;
    this.#length = rewrite.length;
    this.#torn = false;
    await old.close();
    await syncFolder(dirname(this.#path));
  }

  async close(): Promise<void> {
    try {
      await this.#cutTornEnd();
      if (this.#isLazy) await this.#file.datasync();
    } finally {
      await this.#file.close();
    }
  }

  async #cutTornEnd(): Promise<void> {
    if (!this.#torn) return;
    await this.#file.truncate(this.#length);
    await this.#file.datasync();
    this.#torn = false;
  }
}

/** A journal that is being rewritten. */
export class JournalRewrite {
  readonly file: FileHandle;
  readonly #path: string;
  #length = 0;

  private constructor(file: FileHandle, path: string) {
    this.file = file;
    this.#path = path;
  }

  static async start(path: string, header: string): Promise<JournalRewrite> {
    const rewrite = new JournalRewrite(await open(path, 'w+'), path);
    try {
      await rewrite.append(Buffer.from(header));
    } catch (error) {
      await rewrite.abandon();
      throw error;
    }
    return rewrite;
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#length;
  }

  async append(lines: Buffer): Promise<void> {
    await writeAll(this.file, lines, this.#length);
    this.#length += lines.length;
  }

  /** Deletes the new file. */
  async abandon(): Promise<void> {
    await this.file.close();
    await rm(this.#path, { force: true });
  }
}

function newPath(path: string): string {
  return `${path}.new`;
}

/** A new journal appears with its header or not at all. */
async function create(path: string, header: string): Promise<FileHandle> {
  const rewrite = await JournalRewrite.start(newPath(path), header);
  try {
    await rewrite.file.datasync();
    await rename(newPath(path), path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rewrite.abandon();
    throw error;
  }
  return rewrite.file;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(
      bytes,
      written,
      bytes.length - written,
      position + written,
    );
    written += bytesWritten;
  }
}
