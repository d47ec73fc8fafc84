import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { absent } from '../files/absent.ts';
import { makeFolder, replaceFile } from '../files/durable-file.ts';
import { ownPath } from '../layout/own-folder.ts';

/** Among what is ours in a storage root. */
const MARK = 'spooled-to';

/**
 * Notes in a spool folder that files leave it for a store: by itself it looks like recordings that have
 * lost theirs. The note stays, as do the files in the store.
 * @param root path of the spool folder
 * @param store name of the store, without credentials
 * @throws the file system's error
 */
export async function markSpool(root: string, store: string): Promise<void> {
  const file = ownPath(root, MARK);
  await makeFolder(path.dirname(file));
  await replaceFile(file, `${store}\n`);
}

/** Name of the store that files of a storage root leave for; undefined where they stay. */
export async function spooledTo(root: string): Promise<string | undefined> {
  const text = await readFile(ownPath(root, MARK), 'utf8').catch(absent);
  return text?.trim();
}
