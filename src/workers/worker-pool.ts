import { setTimeout as delay } from 'node:timers/promises';
import { streamFolder } from '../layout/stream-folder.ts';
import type { CallName, Reply, Request, StreamCallName } from '../streams/calls.ts';
import type { ThreadLog } from '../streams/messages.ts';
import { Farewells } from './farewells.ts';
import { SpareWorker } from './spare-worker.ts';
import { StreamPlacement } from './stream-placement.ts';
import type { WorkerEvents, WorkerLink } from './worker-link.ts';

/** A worker that died is replaced after this, so that one that cannot live takes no whole core, ms. */
const RESTART_MS = 500;

/** A worker that is to replace one that dies is started after this, ms. */
const SPARE_MS = 5000;

/** As much of a worker as the pool needs. */
export type PooledWorker = Pick<WorkerLink, 'ready' | 'isAlive' | 'call' | 'setAccepts' | 'close'>;

/** What a {@link WorkerPool} works with. */
export interface WorkerPoolOptions {
  /** How many threads take streams. */
  workers: number;
  /** Starts one. */
  start(events: Pick<WorkerEvents, 'onDeath' | 'onFarewell'>): PooledWorker;
  /** Closes what a worker that died had open of a stream; called as soon as it is dead. */
  closeAbandoned(stream: string): Promise<void>;
  /** The stream of a worker that died may be recorded again. */
  onMended(stream: string): void;
  log: ThreadLog;
}

/**
 * The media workers. A stream lives whole in one of them, so that media never crosses threads: it stays
 * with the worker that saw it first, for as long as that worker knows it.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #links: PooledWorker[] = [];
  readonly #spare = new SpareWorker<PooledWorker>(() => this.#start(), SPARE_MS);
  readonly #placement = new StreamPlacement();
  /** Streams whose worker died, until what it had open is closed. */
  readonly #mending = new Map<string, Promise<void>>();
  #accepts = true;
  #isClosing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    for (let number = 0; number < options.workers; number++) this.#links.push(this.#start());
  }

  /** Resolves when all workers take calls. @throws what one of them died of before that */
  async ready(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.ready));
    this.#spare.prepare();
  }

  /** `placed`: a worker has the stream. `lost`: that one died, and is replaced. `none`: none has it. */
  whereIs(stream: string): 'placed' | 'lost' | 'none' {
    const number = this.#placement.get(stream);
    if (number === undefined) return 'none';
    return this.#links[number]!.isAlive ? 'placed' : 'lost';
  }

  /** True while what the stream's worker had open when it died is being closed. */
  isMending(stream: string): boolean {
    return this.#mending.has(stream);
  }

  /**
   * Calls the worker that has the stream, or is to have it.
   * @throws Refusal `bad-name` for an id that cannot be a folder, `worker-lost` where the worker dies
   * meanwhile, and what the worker throws
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
   * @returns what those reply that live until they do: one that dies has no streams any more
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

  /** Forgets where streams are that no worker knows. */
  forgetAllBut(known: ReadonlySet<string>): void {
    this.#placement.forgetAllBut(known);
  }

  /** Lets recordings begin, or not. */
  setAccepts(accepts: boolean): void {
    this.#accepts = accepts;
    for (const link of this.#links) link.setAccepts(accepts);
  }

  /** Lets all finish their recordings and end. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#spare.close(), ...this.#links.map((link) => link.close())]);
  }

  #numberOf(stream: string): number {
    const number = this.#placement.get(stream);
    if (number !== undefined) return number;
    // Refuses ids that cannot be a folder.
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
    if (!this.#accepts) link.setAccepts(false);
    return link;
  }

  /**
   * Has closed what a worker that died had open, and starts another in its place meanwhile. Until then
   * its streams stay where they are and wait, so that nobody else writes into the same folders. All are
   * closed at once: with fifty of them one after another would take seconds.
   * @param told until then the ports of its sessions may be taken
   */
  #replace(number: number, told: Promise<void>): void {
    const { closeAbandoned, onMended } = this.#options;
    const replaced = this.#startAgain(number);
    for (const stream of this.#placement.of(number)) {
      const mended = Promise.all([closeAbandoned(stream), replaced, told]).then(() => {
        this.#mending.delete(stream);
        this.#placement.delete(stream);
        onMended(stream);
      });
      this.#mending.set(stream, mended);
    }
  }

  async #startAgain(number: number): Promise<void> {
    const spare = this.#spare.take();
    if (spare === undefined) await delay(RESTART_MS, undefined, { ref: false });
    if (this.#isClosing) return void (await spare?.close());
    this.#links[number] = spare ?? this.#start();
    this.#links[number].setAccepts(this.#accepts);
  }

  /** Else publishers would go on sending to nobody until their ICE gives up. */
  async #sayFarewells(farewells: Farewells): Promise<void> {
    const sessions = farewells.size;
    if (sessions === 0) return;
    const told = await farewells.say();
    const { log } = this.#options;
    log.warn({ sessions, told }, 'closed the sessions of a worker that died');
  }
}
