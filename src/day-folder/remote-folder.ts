import type { FolderNumbers } from './folder-numbers.ts';

/** What a store holds of a day folder. */
export interface StoredFolder {
  /** Text of its manifest, if there is one. */
  manifest: string | undefined;
  /** Numbers that its files have, as far as the manifest may not tell them. */
  numbers: Pick<FolderNumbers, 'seg' | 'init'>;
}

/**
 * What day folders ask of where their files go, when that is not this disk: files leave the folder once
 * they are stored.
 */
export interface RemoteFolders {
  /**
   * Asks the store for what it has of a folder; never takes longer than some seconds.
   * @param hasManifest true when the folder has its manifest here, so that it knows its numbers
   * @returns undefined when the store does not tell at present
   */
  stored(folder: string, hasManifest: boolean): Promise<StoredFolder | undefined>;
}
