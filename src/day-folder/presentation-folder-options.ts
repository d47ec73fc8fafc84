import type { FactListener } from '../facts/recording-fact.ts';
import type { FolderOwners } from './folder-owners.ts';
import type { RemoteFolders } from './remote-folder.ts';

/** Options of a `PresentationFolder`. */
export interface PresentationFolderOptions {
  /** Storage root, a path in the file system. */
  root: string;
  /** Object path of the folder below the root. */
  folder: string;
  stream: string;
  /** Any instant of the folder's UTC day, µs since the Unix epoch. */
  dayUs: number;
  segmentSeconds: number;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Called for each file once it is durable. */
  onFact: FactListener;
  /** Present if files are moved from this disk to a store. */
  remote?: RemoteFolders;
  /**
   * Keeps recorders that share the root out of each other's folders; absent if there can be no
   * other.
   */
  owners?: FolderOwners;
}
