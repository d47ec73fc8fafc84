import type { FolderOwners } from '../day-folder/folder-owners.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RemoteFolders } from '../day-folder/remote-folder.ts';
import type { FactListener } from '../facts/recording-fact.ts';
import type { Ticks } from '../media/media-time.ts';
import type { CurrentRecordOptions } from './current-record.ts';
import type { StreamClock } from './stream-clock.ts';
import type { OnLoss } from './video-track.ts';

/** Settings of a `Recording`. */
export interface RecordingOptions extends CurrentRecordOptions {
  /** Storage root, a path of the file system. */
  root: string;
  /** Encoded base folder below the root, or empty. */
  baseFolder: string;
  segmentSeconds: number;
  /** What becomes of pictures after a loss, see {@link OnLoss}; `freeze` if absent. */
  onLoss?: OnLoss;
  /** The stream's recording before this one is closed then; it may use the same folder. */
  after: Promise<void>;
  /** Media time of the stream, which goes on from one recording to the next. */
  clock: StreamClock;
  /** Media time at which the stream's recording before ended; 0: there was none. */
  notBefore: Ticks;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Told of each file once it is durable, and of each record as it begins and as it ends. */
  onFact: FactListener;
  /** Told of each folder that could not be closed: somebody has to try again. */
  onUnclosed?(folder: PresentationFolder, error: Error): void;
  /** Present where files leave this disk for a store. */
  remote?: RemoteFolders;
  /** Keeps recorders apart that share the root; absent where there can be no other. */
  owners?: FolderOwners;
  log: RecordingLog;
}
