import type { Clock } from '../../clock/clock.ts';
import type { SpoolLimits } from './high-water.ts';
import type { SpoolStore } from './timed-put.ts';

/** Log of the spool. */
export interface SpoolLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Options of a {@link Spool}. */
export interface SpoolOptions {
  /**
   * Folder whose files are uploaded, a path in the file system. No other process may upload from
   * it.
   */
  root: string;
  store: SpoolStore;
  /** Number of concurrent uploads, each of which holds a file in memory; 4 by default. */
  concurrency?: number;
  log: SpoolLog;
  /**
   * True for a file that stays here after its upload, such as today's manifest. Called after each
   * upload and again every ten minutes: when it returns false, the file is uploaded again and
   * deleted. For a file that never changes, `Spool.release` has the same effect at once.
   */
  keep?(key: string): boolean;
  /** Without limits, any amount may wait. */
  limits?: SpoolLimits;
  /** The system clock by default. */
  clock?: Clock;
  /** Random numbers from 0 to 1 that spread retries; `Math.random` by default. */
  random?(): number;
  /**
   * Timeout of an upload, in addition to one second per 50 kB, ms; 60,000 by default. Should exceed
   * the timeout of the store's client.
   */
  putTimeoutMs?: number;
}

/** State of the spool. Times are ms since the Unix epoch. */
export interface SpoolState {
  /**
   * - `ok`: recordings are uploaded.
   * - `delayed`: the store does not respond at present, or the oldest file has been waiting for
   * more than a minute.
   * - `alarm`: an operator must act: files are parked, the store refuses everything, or the warning
   * mark is passed.
   * - `full`: no new recording should begin.
   */
  state: 'ok' | 'delayed' | 'alarm' | 'full';
  /** Files that are not in the store, including parked ones. */
  waitingFiles: number;
  waitingBytes: number;
  /** Files that the store refuses. */
  parkedFiles: number;
  /** When the oldest waiting file was committed. */
  oldestMs?: number;
  /** The last failure, even if later uploads succeeded. */
  lastError?: { at: number; code: string; message: string };
  /** Average over the last minute. */
  bytesPerSecond: number;
  /** Since the spool was opened, like the following counters. */
  uploadedFiles: number;
  /** Number of failed uploads. */
  failures: number;
  /** Number of segments deleted without upload because the high-water mark was passed. */
  droppedFiles: number;
}
