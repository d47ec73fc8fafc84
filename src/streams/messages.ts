import type { StoredFolder } from '../day-folder/remote-folder.ts';
import type { RecordingFact } from '../facts/recording-fact.ts';
import type { Farewell } from '../ingest/farewell.ts';
import type { CallFailure } from './call-failure.ts';
import type { CallMessage, ReplyMessage } from './calls.ts';

// What main thread and worker say to each other. Messages arrive in the order in which they were sent.

/** The worker takes calls. */
export interface ReadyMessage {
  type: 'ready';
}

/** What a recording of the worker tells. */
export interface FactMessage {
  type: 'fact';
  fact: RecordingFact;
}

/** What does the store have of a folder? Answered by a {@link StoredMessage}. */
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

/** What to say to the other side of a session if the worker dies; absent once the session has ended. */
export interface FarewellMessage {
  type: 'farewell';
  sessionId: string;
  farewell?: Farewell;
}

/** Levels of what a worker logs. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Logging as pino does it. */
export type ThreadLog = Record<LogLevel, (fields: object, message: string) => void>;

/** A line for the one log, which the main thread writes. */
export interface LogMessage {
  type: 'log';
  level: LogLevel;
  fields: Record<string, unknown>;
  message: string;
}

/** Everything that the main thread says. */
export type MainMessage = CallMessage | StoredMessage | AcceptsMessage;

/** Everything that a worker says. */
export type WorkerMessage =
  | ReadyMessage
  | ReplyMessage
  | CallFailure
  | FactMessage
  | AskStoredMessage
  | FarewellMessage
  | LogMessage;
