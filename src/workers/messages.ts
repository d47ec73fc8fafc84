import type { RecordFacts } from '../record-catalogue/record.ts';
import type { Segment } from '../segment-index/segment.ts';
import type { MediaCalls } from './media-host.ts';

/** Names of the calls that a worker answers. */
export type Call = keyof MediaCalls;

/** From the main thread: a call of the worker's {@link MediaCalls}. */
export interface CallMessage {
  id: number;
  call: Call;
  args: unknown[];
}

/** What became of a call; an error crosses the thread border as its parts. */
export interface ReplyMessage {
  type: 'reply';
  id: number;
  result?: unknown;
  error?: { message: string; statusCode?: number; stack?: string };
}

/** The worker takes calls. */
export interface ReadyMessage {
  type: 'ready';
}

/** A segment became durable. */
export interface SegmentMessage {
  type: 'segment';
  segment: Segment;
}

/** A record began, changed or ended. */
export interface RecordMessage {
  type: 'record';
  record: RecordFacts;
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
  | SegmentMessage
  | RecordMessage
  | LogMessage;
