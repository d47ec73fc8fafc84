import type { FolderNumbers } from './folder-numbers.ts';

/** What a store has of a day folder. */
export interface StoredFolder {
  /** Text of its manifest, if there is one. */
  manifest: string | undefined;
  /** Numbers of its files, which may exceed those in the manifest. */
  numbers: Pick<FolderNumbers, 'seg' | 'init'>;
}

/** Access of day folders to the store to which their files are moved. */
export interface RemoteFolders {
  /**
   * Reads what the store has of a folder; takes a few seconds at most.
   * @param hasManifest true if the manifest is on this disk, so that its numbers are known
   * @returns undefined if the store does not respond
   */
  stored(folder: string, hasManifest: boolean): Promise<StoredFolder | undefined>;
}
