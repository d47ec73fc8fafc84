import type { ForgottenSegments, SegmentNumbers } from '../day-folder/forgotten-segments.ts';
import type {
  PublishAccepted,
  PublishRight,
  RecordingStarted,
  StreamStatus,
  ThreadLoad,
} from '../recorder.ts';
import type { PullPlan } from '../sources/pull-plan.ts';

/**
 * The calls that a worker answers: name, request and reply. Requests and replies cross a thread
 * boundary, so they are plain data. Main thread and worker take their types from this table.
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
  /** How busy the worker is. */
  load: { request: object; reply: ThreadLoad };
  /** Text of the stream's manifest at an object path while the manifest is being written. */
  liveManifest: { request: OfStream & { path: string }; reply: string | undefined };
  /** Pulls a stream from one of the nodes that have it, or changes the list of these nodes. */
  pull: { request: PullPlan; reply: undefined };
  /** No node has the stream at present, but it may come back. */
  hold: { request: OfStream; reply: undefined };
  /** The stream is no longer live; answered when its record is closed. */
  release: { request: OfStream; reply: undefined };
  /**
   * Closes a day folder of the stream that its recorder left open and that could not be closed so
   * far. Retried until the disk accepts the writes.
   */
  closeLater: { request: LeftFolder; reply: undefined };
  /**
   * Takes segments that are to be deleted out of the manifest of a day folder: only the worker of the
   * stream writes its manifests. See `PresentationFolder.forget`.
   */
  forget: { request: LeftFolder & { numbers: SegmentNumbers }; reply: ForgottenSegments };
  /**
   * Deletes a day folder that has no segments any more; false for one that is being recorded to. See
   * `removeDayFolder`.
   */
  removeFolder: { request: LeftFolder; reply: boolean };
  /** Closes all recordings; answered when all data is durable. This is the last call. */
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
  /** Any instant of the folder's UTC day, µs since the Unix epoch. */
  dayUs: number;
}

/** The name of a call. */
export type CallName = keyof Calls;
/** Request of a call. */
export type Request<N extends CallName> = Calls[N]['request'];
/** Reply to a call. */
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

/** A reply on its way to the main thread. */
export interface ReplyMessage<N extends CallName = CallName> {
  type: 'reply';
  id: number;
  name: N;
  reply: Reply<N>;
}

/** Handles every call. */
export type CallHandlers = {
  [N in CallName]: (request: Request<N>) => Promise<Reply<N>>;
};

/** Passes a call to its handler and returns the reply. @throws what the handler throws */
export async function answerCall<N extends CallName>(
  handlers: CallHandlers,
  { id, name, request }: CallMessage<N>,
): Promise<ReplyMessage<N>> {
  const handler: CallHandlers[N] = handlers[name];
  const reply = await handler.call(handlers, request);
  return { type: 'reply', id, name, reply };
}

/** True for the reply to a call of this name. */
export function isReplyTo<N extends CallName>(
  message: ReplyMessage,
  name: N,
): message is ReplyMessage<N> {
  return message.name === name;
}
