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

/** What is recorded under a configuration. */
export interface Recordings {
  /** Folder of this machine that is recorded to. */
  root: string;
  /** All of it, wherever it is. */
  reader: RecordingsReader;
  /** The bucket alone, where there is one. */
  bucket: RecordingsReader | undefined;
  close(): Promise<void>;
}

/** Opens what is recorded under a configuration. @throws StoreError for a bucket that cannot be used */
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
 * The object path that an argument of the command line means: a path of this machine below the folder
 * that is recorded to, or an object path itself.
 * @throws UsageError for a path elsewhere
 */
export function objectPathOf(target: string, root: string): string {
  const below = path.relative(root, path.resolve(target));
  if (!leads(below)) return below.split(path.sep).join('/');
  const key = path.normalize(target);
  if (!leads(key) && !existsSync(target)) return key.split(path.sep).join('/').replace(/\/$/, '');
  throw new UsageError(`${target} does not lie in ${root}, where recordings go by the --config`);
}

function leads(relative: string): boolean {
  return path.isAbsolute(relative) || relative === '..' || relative.startsWith(`..${path.sep}`);
}

/**
 * The first spool among the storage roots that recordings lie in.
 * @param folders paths of their day folders
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
