import type { Segment } from '../segment-index/segment.ts';
import type { CurrentRecordOptions } from './current-record.ts';

/** Logging as pino does it. */
export interface RecordingLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Settings of a {@link import('./recording.ts').Recording}. */
export interface RecordingOptions extends CurrentRecordOptions {
  /** Storage root, a path of the file system. */
  root: string;
  /** Encoded base folder below the root, or empty. */
  baseFolder: string;
  segmentSeconds: number;
  /** The stream's recording before this one is closed then; it may use the same folder. */
  after: Promise<void>;
  /** No sample begins before this: the end of the stream's recording before, µs since the epoch. */
  notBeforeUs: number;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Told of each segment once it is durable. */
  onSegment(segment: Segment): void;
  log: RecordingLog;
}
