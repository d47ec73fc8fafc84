import { existsSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../command-line.ts';
import { storageRootOf } from '../files/storage-root-lock.ts';
import {
  folderReader,
  joinedReader,
  type RecordingsReader,
  storeReader,
} from '../storage/recordings-reader.ts';
import { spooledTo } from '../storage/spool-mark.ts';
import type { StorageConfig } from '../storage/storage-options.ts';
import { openStore } from '../storage/stores/open-store.ts';

/** The recordings that a configuration describes. */
export interface Recordings {
  /** Local folder with recordings or spool. */
  root: string;
  /** All recordings, on disk and in the bucket. */
  reader: RecordingsReader;
  /** Those in the bucket, if there is one. */
  bucket: RecordingsReader | undefined;
  close(): Promise<void>;
}

/**
 * Opens the recordings that a configuration describes. @throws StoreError for a bucket that cannot
 * be used
 */
export async function openRecordings(storage: StorageConfig): Promise<Recordings> {
  if (storage.type === 'fs') {
    const { root } = storage;
    return { root, reader: folderReader(root), bucket: undefined, close: async () => {} };
  }
  const root = storage.spool.folder;
  const store = await openStore(storage);
  const bucket = storeReader(store);
  return {
    root,
    reader: joinedReader(folderReader(root), bucket),
    bucket,
    close: () => store.close(),
  };
}

/**
 * The object path for a command-line argument: a local path below the root, or an object path.
 * @throws UsageError for a path outside the root
 */
export function objectPathOf(target: string, root: string): string {
  const below = path.relative(root, path.resolve(target));
  if (!leads(below)) return below.split(path.sep).join('/');
  const key = path.normalize(target);
  if (!leads(key) && !existsSync(target)) return key.split(path.sep).join('/').replace(/\/$/, '');
  throw new UsageError(`${target} is not below ${root}, the storage root of the configuration`);
}

function leads(relative: string): boolean {
  return path.isAbsolute(relative) || relative === '..' || relative.startsWith(`..${path.sep}`);
}

/**
 * The first storage root among those of the folders that is a spool.
 * @param folders paths of day folders
 */
export async function findSpool(
  folders: readonly string[],
): Promise<{ root: string; store: string } | undefined> {
  for (const folder of folders) {
    const root = await storageRootOf(folder);
    const store = root && (await spooledTo(root));
    if (store !== undefined) return { root: root!, store };
  }
  return undefined;
}
