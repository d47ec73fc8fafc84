import type { FactListener } from '../facts/recording-fact.ts';
import type { FolderOwners } from './folder-owners.ts';
import type { RemoteFolders } from './remote-folder.ts';

/** Settings of a `PresentationFolder`. */
export interface PresentationFolderOptions {
  /** Storage root, a path of the file system. */
  root: string;
  /** Object path of the folder below the root. */
  folder: string;
  stream: string;
  /** Any instant of the folder's UTC day, µs since the Unix epoch. */
  dayUs: number;
  segmentSeconds: number;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Told of each file once it is durable. */
  onFact: FactListener;
  /** Present where files leave this disk for a store. */
  remote?: RemoteFolders;
  /** Keeps recorders apart that share the root; absent where there can be no other. */
  owners?: FolderOwners;
}
