import { setTimeout as delay } from 'node:timers/promises';
import { streamFolder } from '../layout/stream-folder.ts';
import type { ThreadLoad } from '../recorder.ts';
import type { CallName, Reply, Request, StreamCallName } from '../streams/calls.ts';
import type { ThreadLog } from '../streams/messages.ts';
import { Farewells } from './farewells.ts';
import { SpareWorker } from './spare-worker.ts';
import { StreamPlacement } from './stream-placement.ts';
import type { WorkerEvents, WorkerLink } from './worker-link.ts';

/**
 * Delay before a dead worker is replaced, ms; a worker that cannot start then does not use up a
 * core.
 */
const RESTART_MS = 500;

/** Delay before a spare worker is started, ms. */
const SPARE_MS = 5000;

/** The part of a worker that the pool uses. */
export type PooledWorker = Pick<
  WorkerLink,
  'ready' | 'isAlive' | 'call' | 'setNumber' | 'setAccepts' | 'setAutoStreams' | 'close'
>;

/** Options of a {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /** Number of threads that record streams. */
  workers: number;
  /** Starts a worker. */
  start(events: Pick<WorkerEvents, 'onDeath' | 'onFarewell'>): PooledWorker;
  /** Closes what a dead worker left open of a stream; called as soon as it is dead. */
  closeAbandoned(stream: string): Promise<void>;
  /** The stream of a dead worker can be recorded again. */
  onMended(stream: string): void;
  log: ThreadLog;
}

/**
 * The media workers. A stream stays with one of them, so that media never crosses threads: the
 * first worker to get it keeps it for as long as that worker knows it.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #links: PooledWorker[] = [];
  readonly #spare = new SpareWorker<PooledWorker>(() => this.#start(), SPARE_MS);
  readonly #placement = new StreamPlacement();
  /** Streams whose worker died, until what it left open is closed. */
  readonly #mending = new Map<string, Promise<void>>();
  #accepts = true;
  /** Undefined while those hold that workers get at their start. */
  #autoStreams: readonly string[] | undefined;
  #isClosing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    for (let number = 0; number < options.workers; number++) {
      const link = this.#start();
      link.setNumber(number);
      this.#links.push(link);
    }
  }

  /**
   * Resolves when all workers are ready for calls. @throws the error that ended one of them before
   * that
   */
  async ready(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.ready));
    this.#spare.prepare();
  }

  /**
   * `placed`: a worker has the stream; `lost`: the worker that had it died and is being replaced;
   * `none`: no worker has it.
   */
  whereIs(stream: string): 'placed' | 'lost' | 'none' {
    const number = this.#placement.get(stream);
    if (number === undefined) return 'none';
    return this.#links[number]!.isAlive ? 'placed' : 'lost';
  }

  /** True while what a dead worker left open of the stream is being closed. */
  isMending(stream: string): boolean {
    return this.#mending.has(stream);
  }

  /**
   * Calls the worker of the stream, assigning one if there is none.
   * @throws Refusal `bad-name` for an id that cannot be a folder name, `worker-lost` if the worker
   * dies during the call, and what the worker throws
   */
  async call<N extends StreamCallName>(name: N, request: Request<N>): Promise<Reply<N>> {
    const { stream } = request;
    for (;;) {
      const mending = this.#mending.get(stream);
      if (mending === undefined) break;
      await mending;
    }
    return this.#links[this.#numberOf(stream)]!.call(name, request);
  }

  /**
   * Calls all workers.
   * @returns the replies of the workers that live; one that dies during the call has no streams any
   * more
   * @throws what a worker throws
   */
  async askAll<N extends CallName>(name: N, request: Request<N>): Promise<Reply<N>[]> {
    const links = this.#links.filter((link) => link.isAlive);
    const asked = await Promise.allSettled(links.map((link) => link.call(name, request)));
    return asked.flatMap((result, i) => {
      if (result.status === 'fulfilled') return [result.value];
      if (links[i]!.isAlive) throw result.reason;
      return [];
    });
  }

  /** How many of the workers are alive. */
  get alive(): { alive: number; of: number } {
    const alive = this.#links.filter((link) => link.isAlive).length;
    return { alive, of: this.#links.length };
  }

  /** Load of each worker that lives, by its number. */
  async loads(): Promise<[number, ThreadLoad][]> {
    const asked = this.#links.map(async (link, number): Promise<[number, ThreadLoad][]> => {
      if (!link.isAlive) return [];
      try {
        return [[number, await link.call('load', {})]];
      } catch (error) {
        if (link.isAlive) throw error;
        return [];
      }
    });
    return (await Promise.all(asked)).flat();
  }

  /** Removes the placement of streams that no worker knows. */
  forgetAllBut(known: ReadonlySet<string>): void {
    this.#placement.forgetAllBut(known);
  }

  /** Sets whether new recordings may begin. */
  setAccepts(accepts: boolean): void {
    this.#accepts = accepts;
    for (const link of this.#links) link.setAccepts(accepts);
  }

  /** Sets the patterns of the streams that are recorded automatically. */
  setAutoStreams(patterns: readonly string[]): void {
    this.#autoStreams = patterns;
    for (const link of this.#links) link.setAutoStreams(patterns);
  }

  /** Lets all workers finish their recordings and end. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#spare.close(), ...this.#links.map((link) => link.close())]);
  }

  #numberOf(stream: string): number {
    const number = this.#placement.get(stream);
    if (number !== undefined) return number;
    // Refuses an id that cannot be a folder name.
    streamFolder(stream);
    return this.#placement.place(
      stream,
      this.#links.map((link) => link.isAlive),
    );
  }

  #start(): PooledWorker {
    const farewells = new Farewells();
    const link = this.#options.start({
      onFarewell: ({ sessionId, farewell }) => farewells.note(sessionId, farewell),
      onDeath: (error) => {
        const told = this.#sayFarewells(farewells);
        const number = this.#links.indexOf(link);
        this.#options.log.error(
          { err: error, worker: number },
          'media worker died, starting another',
        );
        if (number < 0) this.#spare.take();
        else if (!this.#isClosing) this.#replace(number, told);
      },
    });
    this.#tellRules(link);
    return link;
  }

  /**
   * Closes what a dead worker left open, and starts another one meanwhile. Until all is closed, its
   * streams keep their place and wait, so that nobody else writes to the same folders. The folders
   * are closed concurrently: one after another, fifty of them would take seconds.
   * @param told resolves when the farewells are sent; until then, the ports of the sessions may be
   * in use
   */
  #replace(number: number, told: Promise<void>): void {
    const { closeAbandoned, onMended } = this.#options;
    const replaced = this.#startAgain(number, told);
    for (const stream of this.#placement.of(number)) {
      const mended = Promise.all([closeAbandoned(stream), replaced, told]).then(() => {
        this.#mending.delete(stream);
        this.#placement.delete(stream);
        onMended(stream);
      });
      this.#mending.set(stream, mended);
    }
  }

  async #startAgain(number: number, told: Promise<void>): Promise<void> {
    const spare = this.#spare.take();
    if (spare === undefined) await delay(RESTART_MS, undefined, { ref: false });
    // Sent from the port that the new worker opens.
    await told;
    if (this.#isClosing) return void (await spare?.close());
    const link = spare ?? this.#start();
    link.setNumber(number);
    this.#links[number] = link;
    this.#tellRules(link);
  }

  /** Tells a worker what has changed since it was started, or while it was a spare one. */
  #tellRules(link: PooledWorker): void {
    link.setAccepts(this.#accepts);
    if (this.#autoStreams !== undefined) link.setAutoStreams(this.#autoStreams);
  }

  /** Otherwise publishers would send to nobody until their ICE consent expires. */
  async #sayFarewells(farewells: Farewells): Promise<void> {
    const sessions = farewells.size;
    if (sessions === 0) return;
    const told = await farewells.say();
    const { log } = this.#options;
    log.warn({ sessions, told }, 'closed the sessions of a worker that died');
  }
}
