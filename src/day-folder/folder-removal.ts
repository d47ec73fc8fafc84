import { readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { absent } from '../files/absent.ts';
import { syncFolder } from '../files/durable-file.ts';
import { isSetAside, MANIFEST_NAME, parseFileName, withoutAside } from '../layout/file-names.ts';
import { filePath, folderOf } from '../layout/object-path.ts';

/** Parts of a day folder's path from the stream on: the stream, the year, the month and the day. */
const OWN_PARTS = 4;

/**
 * Deletes what is left in a day folder that has no segments any more: the manifest, and what a
 * repair or a crash left unreadable. Then removes the folder and those above it up to the stream's,
 * as far as they are empty. Files that are not ours stay, and their folder with them.
 * @param root storage root, a path in the file system
 * @param folder object path of the day folder; nobody may record to it any more
 * @throws the file system's error
 */
export async function removeDayFolder(root: string, folder: string): Promise<void> {
  const inside = filePath(root, folder);
  const names = await readdir(inside).catch(absent);
  if (names === undefined) return;
  // The manifest last: until then it tells which of the others were deleted.
  const ours = names.filter((name) => isOurs(name)).sort(manifestLast);
  for (const name of ours) await rm(path.join(inside, name), { force: true });
  if (ours.length > 0) await syncFolder(inside);
  let at = folder;
  for (let part = 0; part < OWN_PARTS; part++) {
    if (!(await removeIfEmpty(filePath(root, at)))) return;
    at = folderOf(at);
    await syncFolder(filePath(root, at)).catch(absent);
  }
}

function isOurs(name: string): boolean {
  if (name.startsWith(MANIFEST_NAME)) return true;
  return parseFileName(isSetAside(name) ? withoutAside(name) : name) !== undefined;
}

function manifestLast(a: string, b: string): number {
  return Number(a.startsWith(MANIFEST_NAME)) - Number(b.startsWith(MANIFEST_NAME));
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}
