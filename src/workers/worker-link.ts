import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { StoredFolder } from '../day-folder/remote-folder.ts';
import type { FactListener } from '../facts/recording-fact.ts';
import { Refusal } from '../refusal.ts';
import type { CallName, Reply, Request } from '../streams/calls.ts';
import type {
  AskStoredMessage,
  FarewellMessage,
  LogMessage,
  MainMessage,
  WorkerMessage,
} from '../streams/messages.ts';
import type { WorkerSettings } from '../streams/worker-settings.ts';
import { PendingCalls } from './pending-calls.ts';
import { collectWholeHeapsRarely, keepObjectsYoung, WORKER_HEAP } from './worker-heap.ts';

/** Events of a worker, for its owner. */
export interface WorkerEvents {
  onFact: FactListener;
  /** Must not reject. */
  onAskStored(question: AskStoredMessage): Promise<StoredFolder | undefined>;
  onLog(line: LogMessage): void;
  onFarewell(message: FarewellMessage): void;
  /**
   * The thread ended without having been asked to. All its calls have failed, and its sockets and
   * files are closed.
   */
  onDeath(error: Error): void;
}

// TypeScript where the sources run, JavaScript where what they were compiled to does.
const MEDIA_WORKER = new URL(`../streams/media-worker${extname(import.meta.url)}`, import.meta.url);

keepObjectsYoung();
collectWholeHeapsRarely();

/** The main thread's link to one media worker. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  readonly #calls = new PendingCalls();
  readonly #ready = Promise.withResolvers<void>();
  #closing = false;
  #ended: Error | undefined;

  /** @param entry module that the thread runs */
  constructor(settings: WorkerSettings, events: WorkerEvents, entry = MEDIA_WORKER) {
    this.#events = events;
    // Not every caller awaits it; the owner hears of a death in any case.
    this.#ready.promise.catch(() => {});
    this.#worker = new Worker(entry, {
      workerData: settings,
      resourceLimits: WORKER_HEAP,
    });
    this.#worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
    // The error arrives while the thread still holds its ports; the exit always follows.
    let failure: Error | undefined;
    this.#worker.on('error', (error: Error) => {
      failure = error;
    });
    this.#worker.on('exit', (code) =>
      this.#onEnd(failure ?? new Error(`media worker ended with code ${code}`)),
    );
  }

  /** Resolves when the worker is ready for calls. @throws the error that ended it before that */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** False once the thread has ended. */
  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Calls the worker. @throws what its handler throws, including Refusal; `worker-lost` once the
   * worker has ended
   */
  call<N extends CallName>(name: N, request: Request<N>): Promise<Reply<N>> {
    if (this.#ended) {
      return Promise.reject(new Refusal('worker-lost', 'the worker of the stream is restarting'));
    }
    return this.#calls.begin(name, request, (message) => this.#tell(message));
  }

  /** Sets whether new recordings may begin. */
  setAccepts(accepts: boolean): void {
    this.#tell({ type: 'accepts', accepts });
  }

  /** Tells the worker which one it is, from 0: it opens the port that workers of that number have. */
  setNumber(number: number): void {
    this.#tell({ type: 'number', number });
  }

  /** Sets the patterns of the streams that are recorded automatically. */
  setAutoStreams(patterns: readonly string[]): void {
    this.#tell({ type: 'auto-streams', patterns });
  }

  /** Lets the worker finish its recordings and end. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#ended === undefined) await this.call('close', {});
  }

  #onMessage(message: WorkerMessage): void {
    const { type } = message;
    if (type === 'reply' || type === 'failure') this.#calls.settle(message);
    else if (type === 'ready') this.#ready.resolve();
    else if (type === 'fact') this.#events.onFact(message.fact);
    else if (type === 'ask-stored') void this.#answer(message);
    else if (type === 'farewell') this.#events.onFarewell(message);
    else this.#events.onLog(message);
  }

  async #answer(question: AskStoredMessage): Promise<void> {
    const stored = await this.#events.onAskStored(question);
    this.#tell({ type: 'stored', id: question.id, stored });
  }

  #tell(message: MainMessage): void {
    this.#worker.postMessage(message);
  }

  #onEnd(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#ready.reject(error);
    this.#calls.fail(
      new Refusal('worker-lost', 'the worker of the stream ended and is being restarted'),
    );
    if (!this.#closing) this.#events.onDeath(error);
  }
}
