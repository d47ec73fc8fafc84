import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises';
import { absent } from '../../files/absent.ts';
import { SENT_SUFFIX } from '../../layout/file-names.ts';
import type { UploadBuffers } from './upload-buffers.ts';

/** A committed file and its content when it was read. Must be closed. */
export class LocalFile {
  readonly path: string;
  readonly data: Buffer;
  readonly #handle: FileHandle;
  readonly #inode: bigint;

  private constructor(path: string, data: Buffer, handle: FileHandle, inode: bigint) {
    this.path = path;
    this.data = data;
    this.#handle = handle;
    this.#inode = inode;
  }

  /**
   * Reads a whole file.
   * @param buffers provides the memory for `data`; the caller may return it there
   * @throws the file system's error
   */
  static async read(path: string, buffers: UploadBuffers): Promise<LocalFile> {
    const handle = await open(path, 'r');
    try {
      const { ino, size } = await handle.stat({ bigint: true });
      return new LocalFile(path, await readWhole(handle, buffers.take(Number(size))), handle, ino);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Never rejects: closing a file that was only read loses nothing. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  /** True if the name now belongs to another file, or to none. @throws the file system's error */
  async isReplaced(): Promise<boolean> {
    const stats = await stat(this.path, { bigint: true }).catch(absent);
    return stats?.ino !== this.#inode;
  }

  /** Deletes a file that is never replaced. @throws the file system's error */
  async remove(): Promise<void> {
    await unlink(this.path).catch(absent);
  }

  /**
   * Deletes the file unless it was replaced since it was read. It is renamed first: a replacement
   * between a check and the deletion would be lost. The open handle prevents the inode from being
   * reused meanwhile.
   * @returns false if it was replaced: the newer file stays
   * @throws the file system's error
   */
  async removeUnlessReplaced(): Promise<boolean> {
    const aside = this.path + SENT_SUFFIX;
    const isThere = await rename(this.path, aside).then(() => true, absent);
    if (!isThere) return true;
    const { ino } = await stat(aside, { bigint: true });
    if (ino === this.#inode) {
      await unlink(aside);
      return true;
    }
    await restoreSent(this.path);
    return false;
  }
}

/** Maximum size of a single read system call, bytes. */
const MOST_BYTES = 1 << 30;

/**
 * Reads with one call what `FileHandle.readFile` reads in pieces, which saves a third of the CPU
 * time.
 */
async function readWhole(handle: FileHandle, data: Buffer): Promise<Buffer> {
  const size = data.length;
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(data, at, Math.min(size - at, MOST_BYTES), at);
    if (bytesRead === 0) return data.subarray(0, at);
    at += bytesRead;
  }
  return data;
}

/**
 * Restores the name of a file that was renamed for deletion, unless there is a newer file.
 * @param path its name without {@link SENT_SUFFIX}
 * @throws the file system's error
 */
export async function restoreSent(path: string): Promise<void> {
  const aside = path + SENT_SUFFIX;
  await link(aside, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await unlink(aside);
}
