import type { DayFoldersOptions } from '../day-folder/day-folders.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { Ticks } from '../media/media-time.ts';
import type { CurrentRecordOptions } from './current-record.ts';
import type { StreamClock } from './stream-clock.ts';
import type { OnLoss } from './video-track.ts';

/** Options of a `Recording`. Each of its objects takes a `Pick` of what it uses. */
export interface RecordingOptions
  extends CurrentRecordOptions,
    Omit<DayFoldersOptions, 'onWritten'> {
  /** How pictures after a loss are handled, see {@link OnLoss}; `freeze` if absent. */
  onLoss?: OnLoss;
  /** Resolves when the stream's previous recording is closed; it may use the same folder. */
  after: Promise<void>;
  /** Media time of the stream, which continues from one recording to the next. */
  clock: StreamClock;
  /** Media time at which the stream's previous recording ended; 0 without one. */
  notBefore: Ticks;
  log: RecordingLog;
}
