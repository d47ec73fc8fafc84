import { mkdir } from 'node:fs/promises';
import type { StorageConfig } from '../config/config.ts';
import { RequestError } from '../recorder.ts';

/** Where recorded objects are read from. */
export interface ObjectStore {
  /** Absolute path of the folder that object paths are relative to. */
  readonly root: string;
}

/**
 * Makes the store of a configuration ready, creating its folder.
 * @throws Error saying what to change for a kind of storage that does not exist yet, or a folder
 * that cannot be made
 */
export async function openObjectStore(storage: StorageConfig): Promise<ObjectStore> {
  if (storage.type !== 'fs') {
    throw new Error(
      `recorder.storage.type = "${storage.type}" is not built yet; write type = "fs" and root = "./recordings"`,
    );
  }
  try {
    await mkdir(storage.root, { recursive: true });
  } catch (error) {
    throw new Error(
      `recorder.storage.root: the folder ${storage.root} cannot be made (${(error as NodeJS.ErrnoException).code}); name one that this user may write to`,
    );
  }
  return { root: storage.root };
}

/**
 * Checks a caller's object path: what it names must be an object, and lie below the root.
 * @param path decoded once from its URL; it may hold literal `%`, as stream folders do
 * @returns the path unchanged
 * @throws RequestError 400 for a path that is no object path, 404 for one that is not shown
 */
export function readableObjectPath(path: string): string {
  if (path === '') throw new RequestError(400, 'path: must not be empty');
  if (/[\\\p{Cc}]/u.test(path)) {
    throw new RequestError(400, 'path: must not contain backslashes or control characters');
  }
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new RequestError(400, 'path: must not contain empty, "." or ".." parts');
  }
  // Hidden folders hold our own journals; a name that ends in .part is still being written.
  if (parts.some((part) => part.startsWith('.')) || path.endsWith('.part')) {
    throw new RequestError(404, 'no such object');
  }
  return path;
}
