import { type Dirent, lstatSync, type Stats } from 'node:fs';
import { opendir, readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { absent } from '../../files/absent.ts';
import { isHidden, isUnfinished, SENT_SUFFIX } from '../../layout/file-names.ts';
import { filePath, objectPath } from '../../layout/object-path.ts';
import { restoreSent } from './local-file.ts';

/** A committed file on the disk. */
export interface FoundFile {
  name: string;
  /** Bytes. */
  size: number;
  /** ms since the Unix epoch. */
  committedMs: number;
}

/** Number of entries after which the event loop gets a turn. */
const ENTRIES_AT_ONCE = 256;

/**
 * Walks the tree of committed files folder by folder, holding the files of one folder at a time.
 * Within a folder, the oldest come first. Empty folders are removed, so nothing may be recorded
 * below the root meanwhile. Hidden files and folders are ignored.
 *
 * @param root path in the file system
 * @param folder below the root; empty for the root itself
 * @throws the file system's error
 */
export async function* walkSpool(
  root: string,
  folder = '',
): AsyncGenerator<{ folder: string; files: FoundFile[] }> {
  const here = filePath(root, folder);
  const files: FoundFile[] = [];
  const folders: string[] = [];
  const sent: string[] = [];
  for await (const entry of await opendir(here, { bufferSize: ENTRIES_AT_ONCE })) {
    const { name } = entry;
    if (entry.isDirectory() && !isHidden(name)) folders.push(name);
    else if (isCommitted(entry)) {
      const found = findFile(path.join(here, name), name);
      if (found !== undefined) files.push(found);
    } else if (entry.isFile() && name.endsWith(SENT_SUFFIX)) {
      sent.push(name.slice(0, -SENT_SUFFIX.length));
    }
  }
  for (const name of sent) {
    await restoreSent(path.join(here, name));
    if (files.some((file) => file.name === name)) continue;
    const found = findFile(path.join(here, name), name);
    if (found !== undefined) files.push(found);
  }
  files.sort((a, b) => a.committedMs - b.committedMs);
  if (files.length > 0) yield { folder, files };
  for (const name of folders.sort()) {
    yield* walkSpool(root, objectPath(folder, name));
  }
  if (files.length === 0 && folder !== '') await rmdir(here).catch(notEmpty);
}

/**
 * Names of the committed files that a folder has now; empty if the folder does not exist.
 * @throws the file system's error
 */
export async function committedNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(absent);
  return (entries ?? []).filter(isCommitted).map(({ name }) => name);
}

/**
 * Reads size and time of a committed file. Synchronous, because it takes less than 10 µs, while
 * 100,000 pending promises would take hundreds of megabytes.
 * @returns undefined if there is no such file
 * @throws the file system's error
 */
export function findFile(file: string, name: string): FoundFile | undefined {
  const stats: Stats | undefined = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return undefined;
  return { name, size: stats.size, committedMs: Math.floor(stats.mtimeMs) };
}

function isCommitted(entry: Dirent): boolean {
  const { name } = entry;
  return entry.isFile() && !isHidden(name) && !isUnfinished(name) && !name.endsWith(SENT_SUFFIX);
}

function notEmpty(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
}
