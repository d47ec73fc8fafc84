import type { FolderOwners } from '../day-folder/folder-owners.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RemoteFolders } from '../day-folder/remote-folder.ts';
import type { FactListener } from '../facts/recording-fact.ts';
import type { Ticks } from '../media/media-time.ts';
import type { CurrentRecordOptions } from './current-record.ts';
import type { StreamClock } from './stream-clock.ts';
import type { OnLoss } from './video-track.ts';

/** Options of a `Recording`. */
export interface RecordingOptions extends CurrentRecordOptions {
  /** Storage root, a path in the file system. */
  root: string;
  /** Encoded base folder below the root, or empty. */
  baseFolder: string;
  segmentSeconds: number;
  /** How pictures after a loss are handled, see {@link OnLoss}; `freeze` if absent. */
  onLoss?: OnLoss;
  /** Resolves when the stream's previous recording is closed; it may use the same folder. */
  after: Promise<void>;
  /** Media time of the stream, which continues from one recording to the next. */
  clock: StreamClock;
  /** Media time at which the stream's previous recording ended; 0 without one. */
  notBefore: Ticks;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Receives each file once it is durable, and each record when it begins and ends. */
  onFact: FactListener;
  /** Called for each folder that could not be closed; the caller must retry. */
  onUnclosed?(folder: PresentationFolder, error: Error): void;
  /** Present if files are moved from this disk to a store. */
  remote?: RemoteFolders;
  /**
   * Keeps recorders that share the root out of each other's folders; absent if there can be no
   * other.
   */
  owners?: FolderOwners;
  log: RecordingLog;
}
