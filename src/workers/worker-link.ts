import { Worker } from 'node:worker_threads';
import type { StoredFolder } from '../day-folder/remote-folder.ts';
import type { FactListener } from '../facts/recording-fact.ts';
import { Refusal } from '../refusal.ts';
import type {
  AskStoredMessage,
  Call,
  FarewellMessage,
  LogMessage,
  MainMessage,
  ReplyMessage,
  WorkerMessage,
} from './messages.ts';
import type { WorkerSettings } from './settings.ts';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What the owner of a worker hears from it. */
export interface WorkerEvents {
  onFact: FactListener;
  /** Must not reject. */
  onAskStored(question: AskStoredMessage): Promise<StoredFolder | undefined>;
  onLog(line: LogMessage): void;
  onFarewell(message: FarewellMessage): void;
  /**
   * The thread ended, though nobody asked it to; all its calls have failed, and its sockets and files
   * are closed.
   */
  onDeath(error: Error): void;
}

/** The main thread's end of one media worker. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready = Promise.withResolvers<void>();
  #lastId = 0;
  #closing = false;
  #ended: Error | undefined;

  constructor(settings: WorkerSettings, events: WorkerEvents) {
    this.#events = events;
    // Not everybody waits for it; a death is told to the owner in any case.
    this.#ready.promise.catch(() => {});
    this.#worker = new Worker(new URL('../streams/media-worker.ts', import.meta.url), {
      workerData: settings,
    });
    this.#worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
    // An error is told while the thread still holds its ports; it always exits after one.
    let failure: Error | undefined;
    this.#worker.on('error', (error: Error) => {
      failure = error;
    });
    this.#worker.on('exit', (code) =>
      this.#onEnd(failure ?? new Error(`media worker ended with code ${code}`)),
    );
  }

  /** Resolves when the worker takes calls. @throws what it died of before that */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** False once the thread has ended. */
  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /** Calls the worker's Recorder. @throws Refusal and what else it throws; `worker-lost` once it ended */
  call(call: Call, ...args: unknown[]): Promise<unknown> {
    if (this.#ended)
      return Promise.reject(new Refusal('worker-lost', 'the stream’s worker is restarting'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#tell({ type: 'call', id, call, args });
    });
  }

  /** Lets recordings begin, or not. */
  setAccepts(accepts: boolean): void {
    this.#tell({ type: 'accepts', accepts });
  }

  /** Lets the worker finish its recordings and end. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#ended === undefined) await this.call('close');
  }

  #onMessage(message: WorkerMessage): void {
    if (message.type === 'reply') this.#onReply(message);
    else if (message.type === 'ready') this.#ready.resolve();
    else if (message.type === 'fact') this.#events.onFact(message.fact);
    else if (message.type === 'ask-stored') void this.#answer(message);
    else if (message.type === 'farewell') this.#events.onFarewell(message);
    else this.#events.onLog(message);
  }

  async #answer(question: AskStoredMessage): Promise<void> {
    const stored = await this.#events.onAskStored(question);
    this.#tell({ type: 'stored', id: question.id, stored });
  }

  #tell(message: MainMessage): void {
    this.#worker.postMessage(message);
  }

  #onReply({ id, result, error }: ReplyMessage): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(revive(error));
  }

  #onEnd(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#ready.reject(error);
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new Refusal('worker-lost', 'the stream’s worker ended and is started anew'));
    }
    this.#waiting.clear();
    if (!this.#closing) this.#events.onDeath(error);
  }
}

function revive({ message, reason, stack }: NonNullable<ReplyMessage['error']>): Error {
  if (reason !== undefined) return new Refusal(reason, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
