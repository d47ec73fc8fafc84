import { link, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../files/durable-file.ts';
import { asideName, isUnfinished, PART_SUFFIX, REPAIR_SUFFIX } from '../layout/file-names.ts';

/**
 * Renames a file so that nothing is lost in the repair. This is where the promise is kept that a
 * repair deletes no media.
 * @param keep keep the old name as well, for a file that is about to be replaced
 * @returns the new name
 * @throws the file system's error
 */
export async function setAside(
  folder: string,
  name: string,
  { keep = false } = {},
): Promise<string> {
  const from = path.join(folder, name);
  const base = isUnfinished(name) ? name.slice(0, -PART_SUFFIX.length) : name;
  for (let count = 0; ; count++) {
    const aside = asideName(base, count);
    try {
      // Unlike a rename, a link never replaces another file.
      await link(from, path.join(folder, aside));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    if (!keep) await unlink(from);
    await syncFolder(folder);
    return aside;
  }
}

/**
 * Gives a file back its original name. @throws Error if the name is in use; the file system's error
 */
export async function giveName(folder: string, from: string, to: string): Promise<void> {
  await link(path.join(folder, from), path.join(folder, to));
  await unlink(path.join(folder, from));
  await syncFolder(folder);
}

/** Replaces a damaged file by the repaired one with the suffix {@link REPAIR_SUFFIX}. */
export async function replaceMended(folder: string, name: string): Promise<string> {
  const aside = await setAside(folder, name, { keep: true });
  await rename(path.join(folder, name + REPAIR_SUFFIX), path.join(folder, name));
  await syncFolder(folder);
  return aside;
}
