import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { PART_SUFFIX } from '../layout/file-names.ts';
import { absent } from './absent.ts';

/**
 * Creates a folder with all its parents and makes them durable: each new directory entry is synced,
 * so that a file committed in the folder survives a power failure. It works level by level, because
 * Node's recursive `mkdir` never ends where the system refuses to create a folder (below `/proc`),
 * and reports ENOENT for a read-only file system.
 * @throws the file system's error (ENOSPC, EACCES, EROFS …); ENOTDIR if a file has the name
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  let at = path.resolve(folder);
  while (!(await isFolder(at))) {
    missing.push(at);
    // The root of the file system always exists.
    at = path.dirname(at);
  }
  for (const each of missing.toReversed()) {
    await mkdir(each).catch(async (error: NodeJS.ErrnoException) => {
      // Another stream may have created it in the meantime.
      if (error.code !== 'EEXIST' || !(await isFolder(each))) throw error;
    });
  }
  for (const each of missing) await syncFolder(path.dirname(each));
}

async function isFolder(at: string): Promise<boolean> {
  const found = await stat(at).catch(absent);
  if (found === undefined || found.isDirectory()) return found !== undefined;
  const error: NodeJS.ErrnoException = new Error(`ENOTDIR: ${at} is not a folder`);
  error.code = 'ENOTDIR';
  throw error;
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
 * Replaces a small file as a whole: readers see the old or the new content, even after a crash or
 * on a full disk. It is first written to the same folder, because only then a rename is atomic.
 * @throws the file system's error; then the old file is unchanged
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
