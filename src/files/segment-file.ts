import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { PART_SUFFIX } from '../layout/file-names.ts';
import { absent } from './absent.ts';
import { syncFolder } from './durable-file.ts';

/**
 * A segment while it grows. Until {@link SegmentFile.commit} it is `<name>.part`; a crash leaves
 * that file, from which the whole chunks are taken up at the next start.
 *
 * Here the promise is kept that no file is ever overwritten: a name is claimed by creating its part
 * file exclusively and then making sure that no file of the final name exists. Another writer that
 * commits in between still holds its part file until the moment the final name exists, so one of
 * the two checks must see it.
 */
export class SegmentFile {
  /** Bytes written so far. */
  size = 0;
  readonly path: string;
  readonly #handle: FileHandle;
  /** Whether the file system tells how many names a file has; some do not and say 0. */
  readonly #tellsLinks: boolean;
  #isClosed = false;

  private constructor(file: string, handle: FileHandle, tellsLinks: boolean) {
    this.path = file;
    this.#handle = handle;
    this.#tellsLinks = tellsLinks;
  }

  /** True once nothing can be written to it any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Claims a file name.
   * @returns undefined when the name is taken
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
   * Appends a gather list without joining it. On an error the file keeps the length it had before,
   * as far as the file system lets us, so that it holds whole chunks only.
   * @throws the file system's error; ENOENT for a file that was deleted, whose bytes would be lost
   */
  async append(buffers: Buffer[], byteLength: number): Promise<void> {
    await this.#mustExist();
    try {
      await writeAll(this.#handle, buffers, this.size);
    } catch (error) {
      await this.#handle.truncate(this.size).catch(() => undefined);
      throw error;
    }
    this.size += byteLength;
  }

  /** Overwrites bytes that were appended before. @param position bytes from the beginning */
  async patch(data: Buffer, position: number): Promise<void> {
    await this.#handle.write(data, 0, data.length, position);
  }

  /**
   * Makes the bytes durable and gives the file its final name. The file is closed in any case: where
   * this fails, its part file remains, to be taken up like one that a crash left.
   * @throws the file system's error
   */
  async commit(): Promise<void> {
    try {
      await this.#mustExist();
      await this.#handle.datasync();
    } finally {
      await this.close();
    }
    await rename(this.path + PART_SUFFIX, this.path);
    await syncFolder(path.dirname(this.path));
  }

  /** Gives up an empty file. Only for files that hold no sample. @throws the file system's error */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.path + PART_SUFFIX, { force: true });
  }

  /**
   * Ends writing without giving the file its final name; harmless for one that is closed. Whoever
   * claimed a file calls this, {@link SegmentFile.commit} or {@link SegmentFile.discard}: a handle
   * that is collected unclosed ends the thread.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The kernel gives the descriptor free even where it has an error to tell, and what matters was
    // made durable before.
    await this.#handle.close().catch(() => undefined);
  }

  /** Without a name the bytes would be gone with the handle, and nobody would have noticed. */
  async #mustExist(): Promise<void> {
    if (!this.#tellsLinks || (await this.#handle.stat()).nlink > 0) return;
    const error: NodeJS.ErrnoException = new Error(
      `ENOENT: ${this.path}${PART_SUFFIX} was deleted while it was written to`,
    );
    error.code = 'ENOENT';
    throw error;
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

/** What remains of a gather list after a short write. */
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
