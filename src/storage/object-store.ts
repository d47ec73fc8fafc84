import { makeWritable } from '../files/writable-folder.ts';
import { NameError } from '../layout/name-error.ts';
import { Refusal } from '../refusal.ts';
import type { SpooledStore } from './spooled-store.ts';
import type { FsStorage } from './storage-options.ts';

/** Where recorded objects are read from. */
export interface ObjectStore {
  /** Absolute path of the folder that object paths are relative to. */
  readonly root: string;
  /** Present where objects leave that folder for a bucket. */
  readonly bucket?: SpooledStore;
}

/**
 * Makes a folder of recordings ready, creating it.
 * @param log told when its disk does not answer for long
 * @throws Error saying what to change, for a folder that cannot be made or written to
 */
export async function openFolder(
  storage: FsStorage,
  log: { warn(fields: object, message: string): void },
): Promise<ObjectStore> {
  await makeWritable(storage.root, 'recorder.storage.root', log);
  return { root: storage.root };
}

/**
 * Checks a caller's object path: what it names must be an object, and lie below the root.
 * @param path decoded once from its URL; it may hold literal `%`, as stream folders do
 * @returns the path unchanged
 * @throws NameError for a path that is no object path; Refusal `no-such-object` for one that is not
 * shown
 */
export function readableObjectPath(path: string): string {
  if (path === '') throw new NameError('path: must not be empty');
  if (/[\\\p{Cc}]/u.test(path)) {
    throw new NameError('path: must not contain backslashes or control characters');
  }
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new NameError('path: must not contain empty, "." or ".." parts');
  }
  // Hidden folders hold our own journals; a name that ends in .part is still being written.
  if (parts.some((part) => part.startsWith('.')) || path.endsWith('.part')) {
    throw new Refusal('no-such-object', 'no such object');
  }
  return path;
}
