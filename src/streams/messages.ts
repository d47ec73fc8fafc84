import type { StoredFolder } from '../day-folder/remote-folder.ts';
import type { RecordingFact } from '../facts/recording-fact.ts';
import type { Farewell } from '../ingest/farewell.ts';
import type { CallFailure } from './call-failure.ts';
import type { CallMessage, ReplyMessage } from './calls.ts';

// Messages between the main thread and a worker. They arrive in the order in which they were sent.

/** The worker is ready for calls. */
export interface ReadyMessage {
  type: 'ready';
}

/** A fact about a recording of this worker. */
export interface FactMessage {
  type: 'fact';
  fact: RecordingFact;
}

/** Asks what the store already has of a folder. Answered by a {@link StoredMessage}. */
export interface AskStoredMessage {
  type: 'ask-stored';
  id: number;
  folder: string;
  hasManifest: boolean;
}

/** From the main thread: the answer to an {@link AskStoredMessage}. */
export interface StoredMessage {
  type: 'stored';
  id: number;
  stored: StoredFolder | undefined;
}

/** From the main thread: whether new recordings may begin. */
export interface AcceptsMessage {
  type: 'accepts';
  accepts: boolean;
}

/** From the main thread: which of the workers this one is; a spare one has no number yet. */
export interface NumberMessage {
  type: 'number';
  /** From 0. */
  number: number;
}

/** From the main thread: the patterns of the streams that are recorded automatically. */
export interface AutoStreamsMessage {
  type: 'auto-streams';
  patterns: readonly string[];
}

/**
 * The datagram to send to the peer of a session if the worker dies; absent once the session has
 * ended.
 */
export interface FarewellMessage {
  type: 'farewell';
  sessionId: string;
  farewell?: Farewell;
}

/** Log levels of a worker. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Logger with the call signature of pino. */
export type ThreadLog = Record<LogLevel, (fields: object, message: string) => void>;

/** A log line; only the main thread writes the log. */
export interface LogMessage {
  type: 'log';
  level: LogLevel;
  fields: Record<string, unknown>;
  message: string;
}

/** Every message of the main thread. */
export type MainMessage =
  | CallMessage
  | StoredMessage
  | AcceptsMessage
  | NumberMessage
  | AutoStreamsMessage;

/** Every message of a worker. */
export type WorkerMessage =
  | ReadyMessage
  | ReplyMessage
  | CallFailure
  | FactMessage
  | AskStoredMessage
  | FarewellMessage
  | LogMessage;
