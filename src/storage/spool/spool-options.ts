import type { Clock } from '../../clock/clock.ts';
import type { SpoolLimits } from './high-water.ts';
import type { SpoolStore } from './timed-put.ts';

/** Where the spool says what happens to it. */
export interface SpoolLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Settings of a {@link Spool}. */
export interface SpoolOptions {
  /** Folder whose files are to be stored, a path of the file system. Nobody else may upload from it. */
  root: string;
  store: SpoolStore;
  /** Uploads at once; 4 by default. So many files are held in memory. */
  concurrency?: number;
  log: SpoolLog;
  /**
   * True for a file that stays here after it was uploaded, such as the manifest of today. Asked
   * after each upload, and again every ten minutes: once it says false the file is uploaded and
   * deleted. A file that never changes may be let go at once: see `Spool.release`.
   */
  keep?(key: string): boolean;
  /** Without them everything waits for as long as it must. */
  limits?: SpoolLimits;
  /** The machine's own by default. */
  clock?: Clock;
  /** From 0 to 1, spreads retries; `Math.random` by default. */
  random?(): number;
  /**
   * ms for an upload, besides a second for each 50 kB; 60,000 by default. The store's own time-out
   * should come before.
   */
  putTimeoutMs?: number;
}

/** How the spool does. Times are ms since the Unix epoch. */
export interface SpoolState {
  /**
   * - `ok`: what is recorded is uploaded.
   * - `delayed`: the store does not answer for now, or the oldest file waits for over a minute.
   * - `alarm`: an operator has to act: files are parked, the store refuses everything, or so much waits
   *   that the warning mark is passed.
   * - `full`: nothing new should be recorded.
   */
  state: 'ok' | 'delayed' | 'alarm' | 'full';
  /** Files that are not in the store, parked ones too. */
  waitingFiles: number;
  waitingBytes: number;
  /** Files that the store would not have. */
  parkedFiles: number;
  /** When the oldest waiting file was committed. */
  oldestMs?: number;
  /** The last failure, also when all is well since. */
  lastError?: { at: number; code: string; message: string };
  /** Over the last minute. */
  bytesPerSecond: number;
  /** Since the spool was opened, as the following. */
  uploadedFiles: number;
  /** Uploads that failed. */
  failures: number;
  /** Files deleted unstored because the high-water mark was passed. */
  droppedFiles: number;
}
