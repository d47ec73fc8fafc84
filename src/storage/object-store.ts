import { makeWritable } from '../files/writable-folder.ts';
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
