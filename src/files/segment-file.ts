import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { PART_SUFFIX } from '../layout/file-names.ts';
import { absent } from './absent.ts';

/**
 * One of so many appends looks whether the file still has a name, which costs as much as to write: media is lost for
 * as many chunks at most where somebody deletes the file.
 */
const CHECKED_APPENDS = 2;

/**
 * A segment that is being written. Until {@link SegmentFile.commit} its name is `<name>.part`; a
 * crash leaves that file, whose complete chunks are recovered at the next start.
 *
 * This is where the promise is kept that no file is ever overwritten: a name is claimed by creating
 * its part file exclusively and then checking that no file with the final name exists. Another
 * writer that commits in between holds its part file until the final name exists, so one of the two
 * checks must detect it.
 */
export class SegmentFile {
  /** Number of bytes written. */
  size = 0;
  readonly path: string;
  readonly #handle: FileHandle;
  /** Whether the file system reports the number of links; some report 0. */
  readonly #tellsLinks: boolean;
  #isClosed = false;
  #appends = 0;

  private constructor(file: string, handle: FileHandle, tellsLinks: boolean) {
    this.path = file;
    this.#handle = handle;
    this.#tellsLinks = tellsLinks;
  }

  /** True once nothing more can be written. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Claims a file name.
   * @returns undefined if the name is in use
   * @throws the file system's error (ENOSPC, EACCES …)
   */
  static async claim(file: string): Promise<SegmentFile | undefined> {
    const handle = await open(file + PART_SUFFIX, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw error;
    });
    if (handle === undefined) return undefined;
    try {
      const { nlink } = await handle.stat();
      if (!(await exists(file))) return new SegmentFile(file, handle, nlink > 0);
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    await rm(file + PART_SUFFIX);
    return undefined;
  }

  /**
   * Appends a gather list without joining it. After an error the file keeps its previous length, as
   * far as the file system permits, so that it only contains complete chunks.
   * @throws the file system's error; ENOENT, at the second time at the latest, if the file was deleted, because
   * its bytes would be lost
   */
  async append(buffers: Buffer[], byteLength: number): Promise<void> {
    const isChecked = ++this.#appends % CHECKED_APPENDS === 0;
    try {
      await all(
        isChecked ? this.#mustExist() : undefined,
        writeAll(this.#handle, buffers, this.size),
      );
    } catch (error) {
      await this.#handle.truncate(this.size).catch(() => undefined);
      throw error;
    }
    this.size += byteLength;
  }

  /**
   * Overwrites bytes that were appended before. @param position offset from the beginning, bytes
   */
  async patch(data: Buffer, position: number): Promise<void> {
    await this.#handle.write(data, 0, data.length, position);
  }

  /**
   * Makes the bytes durable and gives the file its final name. The file is closed in any case:
   * after a failure its part file remains and is recovered like one that a crash left.
   * @throws the file system's error
   */
  async commit(): Promise<void> {
    const opened = open(path.dirname(this.path), 'r');
    try {
      await all(this.#mustExist(), this.#handle.datasync(), opened);
      await all(this.close(), rename(this.path + PART_SUFFIX, this.path));
      await (await opened).sync();
    } finally {
      await this.close();
      // Nobody has to wait until the folder is closed.
      opened.then((folder) => folder.close()).catch(() => undefined);
    }
  }

  /** Deletes a file without samples. @throws the file system's error */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.path + PART_SUFFIX, { force: true });
  }

  /**
   * Closes the file without giving it its final name; does nothing if it is closed. Every claimed
   * file must end with this, {@link SegmentFile.commit} or {@link SegmentFile.discard}: a handle
   * that is garbage collected before it is closed ends the thread.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The kernel releases the descriptor even if it reports an error, and everything important was
    // made durable before.
    await this.#handle.close().catch(() => undefined);
  }

  /** Without a name, the bytes would silently be lost when the handle is closed. */
  async #mustExist(): Promise<void> {
    if (!this.#tellsLinks || (await this.#handle.stat()).nlink > 0) return;
    const error: NodeJS.ErrnoException = new Error(
      `ENOENT: ${this.path}${PART_SUFFIX} was deleted while it was written to`,
    );
    error.code = 'ENOENT';
    throw error;
  }
}

/**
 * Waits for calls of the file system that run at the same time: each takes a turn of the event loop.
 * @throws the first of their errors, in their order, when all have ended: a descriptor must not be closed
 * while it is in use
 */
async function all(...calls: (Promise<unknown> | undefined)[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(absent)) !== undefined;
}

/** IOV_MAX of Linux and macOS: more buffers in one call fail with EINVAL. */
const MOST_BUFFERS = 1024;

async function writeAll(handle: FileHandle, buffers: Buffer[], position: number): Promise<void> {
  for (let from = 0; from < buffers.length; from += MOST_BUFFERS) {
    let part = buffers.slice(from, from + MOST_BUFFERS);
    let left = part.reduce((sum, buffer) => sum + buffer.length, 0);
    while (left > 0) {
      const { bytesWritten } = await handle.writev(part, position);
      position += bytesWritten;
      left -= bytesWritten;
      if (left > 0) part = withoutFirst(part, bytesWritten);
    }
  }
}

/** The rest of a gather list after a short write. */
function withoutFirst(buffers: Buffer[], bytes: number): Buffer[] {
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (bytes >= buffer.length) bytes -= buffer.length;
    else {
      rest.push(bytes === 0 ? buffer : buffer.subarray(bytes));
      bytes = 0;
    }
  }
  return rest;
}
