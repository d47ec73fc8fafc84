import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { absent } from '../files/absent.ts';
import { makeFolder, replaceFile } from '../files/durable-file.ts';
import { ownPath } from '../layout/own-folder.ts';

/** Name of the file in the folder of a storage root that is reserved for the recorder. */
const MARK = 'spooled-to';

/**
 * Marks a storage root as the spool of a store: without the mark, it looks like recordings that
 * have lost files. The mark is never removed, because the files stay in the store.
 * @param root path of the spool
 * @param store name of the store, without credentials
 * @throws the file system's error
 */
export async function markSpool(root: string, store: string): Promise<void> {
  const file = ownPath(root, MARK);
  await makeFolder(path.dirname(file));
  await replaceFile(file, `${store}\n`);
}

/** Name of the store to which files of a storage root are uploaded; undefined if they stay. */
export async function spooledTo(root: string): Promise<string | undefined> {
  const text = await readFile(ownPath(root, MARK), 'utf8').catch(absent);
  return text?.trim();
}
