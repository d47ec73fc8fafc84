import { type CallFailure, errorOf } from '../streams/call-failure.ts';
import {
  type CallMessage,
  type CallName,
  isReplyTo,
  type Reply,
  type ReplyMessage,
  type Request,
} from '../streams/calls.ts';

interface Waiting {
  settle(message: ReplyMessage): void;
  reject(error: Error): void;
}

/** Calls to a worker that have no reply yet. */
export class PendingCalls {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /**
   * Makes a call.
   * @param say sends the message
   * @throws what the handler in the worker threw
   */
  begin<N extends CallName>(
    name: N,
    request: Request<N>,
    say: (message: CallMessage<N>) => void,
  ): Promise<Reply<N>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const settle = (message: ReplyMessage): void => {
        if (isReplyTo(message, name)) resolve(message.reply);
      };
      this.#waiting.set(id, { settle, reject });
      say({ type: 'call', id, name, request });
    });
  }

  /** Settles the call that a message answers. */
  settle(message: ReplyMessage | CallFailure): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'failure') waiting?.reject(errorOf(message));
    else waiting?.settle(message);
  }

  /** Fails all calls: the worker has ended. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
