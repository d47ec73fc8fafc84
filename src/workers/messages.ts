import type { StoredFolder } from '../day-folder/remote-folder.ts';
import type { RecordingFact } from '../facts/recording-fact.ts';
import type { Farewell } from '../ingest/farewell.ts';
import type { RefusalReason } from '../refusal.ts';
import type { MediaCalls } from '../streams/media-host.ts';

/** Names of the calls that a worker answers. */
export type Call = keyof MediaCalls;

/** From the main thread: a call of the worker's {@link MediaCalls}. */
export interface CallMessage {
  type: 'call';
  id: number;
  call: Call;
  args: unknown[];
}

/** What became of a call; an error crosses the thread border as its parts. */
export interface ReplyMessage {
  type: 'reply';
  id: number;
  result?: unknown;
  error?: { message: string; reason?: RefusalReason; stack?: string };
}

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

/** Everything that the main thread says. */
export type MainMessage = CallMessage | StoredMessage | AcceptsMessage;

/** What to say to the other side of a session if the worker dies; absent once the session has ended. */
export interface FarewellMessage {
  type: 'farewell';
  sessionId: string;
  farewell?: Farewell;
}

/** A line for the one log, which the main thread writes. */
export interface LogMessage {
  type: 'log';
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: Record<string, unknown>;
  message: string;
}

/** Everything a worker says. Messages arrive in the order in which they were sent. */
export type WorkerMessage =
  | ReadyMessage
  | ReplyMessage
  | FactMessage
  | AskStoredMessage
  | FarewellMessage
  | LogMessage;
