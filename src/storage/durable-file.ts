import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Suffix of files that are still being written; no reader ever serves or lists them. */
export const PART_SUFFIX = '.part';

/**
 * Makes a folder and all folders above it durable: each new directory entry is synced, so that a
 * file committed below it survives a power loss.
 * @throws the file system's error (ENOSPC, EACCES …)
 */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const top = path.dirname(path.resolve(first));
  for (let at = path.resolve(folder); at.length > top.length; at = path.dirname(at))
    await syncFolder(path.dirname(at));
}

/** Makes renames and new files in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a small file as a whole: readers see the old text or the new one, also after a crash or
 * on a full disk. Written beside it first, because a rename is atomic only within a folder.
 * @throws the file system's error; the old file is untouched then
 */
export async function replaceFile(file: string, data: Buffer | string): Promise<void> {
  const part = file + PART_SUFFIX;
  try {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(data);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(path.dirname(file));
}
