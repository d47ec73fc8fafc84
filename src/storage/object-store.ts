import { makeWritable } from '../files/writable-folder.ts';
import type { SpooledStore } from './spooled-store.ts';
import type { FsStorage } from './storage-options.ts';

/** Where recorded objects are read from. */
export interface ObjectStore {
  /** Absolute path of the folder that contains all object paths. */
  readonly root: string;
  /** Present if objects are moved from that folder to a bucket. */
  readonly bucket?: SpooledStore;
}

/**
 * Prepares a folder for recordings and creates it if necessary.
 * @param log warned if the disk does not respond for long
 * @throws Error that says what to change, if the folder cannot be created or written to
 */
export async function openFolder(
  storage: FsStorage,
  log: { warn(fields: object, message: string): void },
): Promise<ObjectStore> {
  await makeWritable(storage.root, 'recorder.storage.root', log);
  return { root: storage.root };
}
