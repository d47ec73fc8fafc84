import type { PublishAccepted, PublishRight, RecordingStarted, StreamStatus } from '../recorder.ts';
import type { PullPlan } from '../sources/pull-plan.ts';

/**
 * What a worker can be asked for: by name, what is asked and what is replied. Both cross the border
 * of a thread, so they are plain data. Main thread and worker are typed from this table.
 */
export interface Calls {
  /** See {@link import('../recorder.ts').Recorder.publish}. */
  publish: { request: OfStream & { offer: string; right: PublishRight }; reply: PublishAccepted };
  /** See {@link import('../recorder.ts').Recorder.trickle}. */
  trickle: {
    request: OfStream & { sessionId: string; fragment: string; ifMatch: string | undefined };
    reply: { fragment: string; etag: string } | undefined;
  };
  /** See {@link import('../recorder.ts').Recorder.unpublish}. */
  unpublish: { request: OfStream & { sessionId: string }; reply: undefined };
  /** See {@link import('../recorder.ts').Recorder.start}. */
  start: { request: OfStream & { baseDir: string | undefined }; reply: RecordingStarted };
  /** See {@link import('../recorder.ts').Recorder.stop}. */
  stop: { request: OfStream; reply: undefined };
  /** Status of one stream; `idle` for an unknown one. */
  status: { request: OfStream; reply: StreamStatus };
  /** Status of all streams of the worker that are not idle. */
  streams: { request: object; reply: StreamStatus[] };
  /** Text of the stream's manifest at an object path, while it is being written there. */
  liveManifest: { request: OfStream & { path: string }; reply: string | undefined };
  /** Records a stream from one of the nodes that have it, or from others than before. */
  pull: { request: PullPlan; reply: undefined };
  /** No node has the stream at present, but it may come back. */
  hold: { request: OfStream; reply: undefined };
  /** The stream is not live any more; replied to when its record is closed. */
  release: { request: OfStream; reply: undefined };
  /**
   * Closes a day folder of the stream as soon as the disk takes that: one that its recorder left open
   * and that could not be closed so far.
   */
  closeLater: { request: LeftFolder; reply: undefined };
  /** Closes all recordings; replied to when all is durable. It is the last call. */
  close: { request: object; reply: undefined };
}

/** A request about one stream. */
export interface OfStream {
  stream: string;
}

/** A day folder that was left open. */
export interface LeftFolder extends OfStream {
  /** Object path. */
  folder: string;
  /** Any instant of its UTC day, µs since the Unix epoch. */
  dayUs: number;
}

/** The name of a call. */
export type CallName = keyof Calls;
/** What is asked with a call. */
export type Request<N extends CallName> = Calls[N]['request'];
/** What is replied to a call. */
export type Reply<N extends CallName> = Calls[N]['reply'];
/** Calls that are about one stream. */
export type StreamCallName = {
  [N in CallName]: Request<N> extends OfStream ? N : never;
}[CallName];

/** A call on its way to the worker. */
export interface CallMessage<N extends CallName = CallName> {
  type: 'call';
  id: number;
  name: N;
  request: Request<N>;
}

/** A reply on its way back. */
export interface ReplyMessage<N extends CallName = CallName> {
  type: 'reply';
  id: number;
  name: N;
  reply: Reply<N>;
}

/** One who answers all calls. */
export type CallHandlers = {
  [N in CallName]: (request: Request<N>) => Promise<Reply<N>>;
};

/** Has a call answered. @throws what its handler throws */
export async function answerCall<N extends CallName>(
  handlers: CallHandlers,
  { id, name, request }: CallMessage<N>,
): Promise<ReplyMessage<N>> {
  const handler: CallHandlers[N] = handlers[name];
  const reply = await handler.call(handlers, request);
  return { type: 'reply', id, name, reply };
}

/** True for a reply to a call of that name. */
export function isReplyTo<N extends CallName>(
  message: ReplyMessage,
  name: N,
): message is ReplyMessage<N> {
  return message.name === name;
}
