import { Backoff, NETWORK_BACKOFF } from '../clock/backoff.ts';
import type { Clock } from '../clock/clock.ts';
import { NodeClient, NodeError } from './node-client.ts';
import { type NodeListing, type NodeStream, readListing } from './node-streams.ts';
import type { NodeSourceConfig } from './source-options.ts';

/** Polling interval of a node without events, ms. */
const POLL_MS = 2000;
/** If a node does not send a first listing within this time, the listing is requested, ms. */
const FIRST_EVENT_MS = 1000;
/**
 * With live streams, there is an event every 2 s; after this time without one, the node is polled
 * once, ms.
 */
const SILENCE_MS = 15_000;
/** Events that end or stall before this count as a failure, ms. */
const SHORT_MS = 5000;
/** After this many consecutive failures, polling replaces events for a while. */
const MOST_BAD_ENDS = 3;
/** How long a node without events is polled before events are tried again, ms. */
const EVENTS_AGAIN_MS = 300_000;
/** Delay after a refused token, which will not become valid within seconds, ms. */
const UNAUTHORIZED_MS = 60_000;

/**
 * How a node is followed: `connecting` (again); `sse`: by its events; `polling`: by periodic
 * requests; `unauthorized`: it refuses the token; `unreachable`: it does not respond, or its reply
 * is invalid.
 */
export type NodeConnection = 'connecting' | 'sse' | 'polling' | 'unauthorized' | 'unreachable';

/** A node as operators see it. */
export interface NodeState {
  /** Base address. */
  url: string;
  connection: NodeConnection;
  /** When it entered this state, ms since the Unix epoch. */
  sinceMs: number;
  /** The last error, unless it has been resolved. */
  error?: string;
  /** Number of live streams in its last listing; 0 while it is not followed. */
  liveStreams: number;
}

/** The part of a log that is used here. */
export interface SourcesLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Options of a {@link NodeWatch}. */
export interface NodeWatchOptions {
  source: NodeSourceConfig;
  clock: Clock;
  /** From 0 to 1; see {@link Backoff}. */
  random?: () => number;
  log: SourcesLog;
  /**
   * The node has listed its streams.
   * @param unbroken whether it was followed without interruption since the last listing, so that
   * streams that are missing now have ended; otherwise it may have restarted
   */
  onListing(streams: NodeStream[], unbroken: boolean): void;
  /** The node does not respond, or refuses us. Called for each failure. */
  onLost(): void;
}

/** Follows the streams of one node until it is closed, whatever happens to the node. */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  readonly #client: NodeClient;
  readonly #backoff: Backoff;
  readonly #life = new AbortController();
  readonly #state: NodeState;
  #running: Promise<void> | undefined;
  /** False until the first listing after each interruption. */
  #unbroken = false;
  #fingerprint = '';
  #unusable = '';
  /** Events are not requested before this time, ms. */
  #eventsFromMs = 0;
  #badEnds = 0;

  constructor(options: NodeWatchOptions) {
    this.#options = options;
    const { source, clock, random } = options;
    this.#client = new NodeClient(source, clock);
    this.#backoff = new Backoff(NETWORK_BACKOFF, random);
    this.#state = {
      url: source.url,
      connection: 'connecting',
      sinceMs: clock.now(),
      liveStreams: 0,
    };
  }

  /** Starts; call it once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** The current state. */
  state(): NodeState {
    return { ...this.#state };
  }

  /** Stops; resolves when nothing is in progress any more. */
  async close(): Promise<void> {
    this.#life.abort(new NodeError('failed', 'is no longer followed'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      try {
        if (this.#options.clock.now() >= this.#eventsFromMs) await this.#followEvents();
        else await this.#poll();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof NodeError)) throw error;
        await this.#afterFailure(error);
      }
    }
  }

  async #poll(): Promise<void> {
    this.#take(await this.#list(this.#life.signal), 'polling');
    await this.#wait(POLL_MS);
  }

  /** @throws NodeError if the node refuses, does not respond, or its reply is invalid */
  async #followEvents(): Promise<void> {
    const { clock } = this.#options;
    const connection = new AbortController();
    const silence = new Countdown(clock, () => void this.#checkSilence(silence, connection));
    let openedMs = clock.now();
    let isStalled = false;
    try {
      const signal = AbortSignal.any([this.#life.signal, connection.signal]);
      const events = this.#client.events(signal, () => {
        openedMs = clock.now();
        silence.start(FIRST_EVENT_MS);
      });
      for await (const data of events) {
        silence.start(SILENCE_MS);
        if (clock.now() - openedMs > SHORT_MS) this.#badEnds = 0;
        this.#take(this.#read(data), 'sse');
      }
    } catch (error) {
      if (error !== stalled) throw error;
      isStalled = true;
    } finally {
      silence.stop();
      connection.abort();
    }
    // If the events stalled, the check that found it has just listed the streams.
    if (!isStalled) this.#unbroken = false;
    this.#change('connecting');
    if (isStalled || clock.now() - openedMs < SHORT_MS) await this.#afterBadEnd();
  }

  /** No event for a while: polls the node to find out whether nothing has happened there. */
  async #checkSilence(silence: Countdown, connection: AbortController): Promise<void> {
    const { starts } = silence;
    const { signal } = connection;
    const isMoot = () => signal.aborted || silence.starts !== starts;
    try {
      const listing = await this.#list(AbortSignal.any([this.#life.signal, signal]));
      if (isMoot()) return;
      const isFirst = this.#state.connection !== 'sse';
      const isIdle = listing.fingerprint === this.#fingerprint;
      this.#take(listing, 'sse');
      if (isFirst || isIdle) silence.start(SILENCE_MS);
      else connection.abort(stalled);
    } catch (error) {
      if (!isMoot()) connection.abort(error);
    }
  }

  async #afterBadEnd(): Promise<void> {
    this.#badEnds++;
    if (this.#badEnds < MOST_BAD_ENDS) return this.#wait(this.#backoff.next());
    this.#badEnds = 0;
    this.#giveUpEvents('its events keep ending or stalling');
  }

  async #afterFailure({ kind, message }: NodeError): Promise<void> {
    if (kind === 'unsupported') return this.#giveUpEvents(message);
    this.#unbroken = false;
    const isRefused = kind === 'unauthorized';
    const delay = isRefused ? UNAUTHORIZED_MS : this.#backoff.next();
    this.#change(isRefused ? 'unauthorized' : 'unreachable', message);
    this.#options.onLost();
    await this.#wait(delay);
  }

  #giveUpEvents(why: string): void {
    const { clock, log, source } = this.#options;
    this.#eventsFromMs = clock.now() + EVENTS_AGAIN_MS;
    log.debug({ node: source.url, why }, 'polling the node instead of following its events');
  }

  async #list(signal: AbortSignal): Promise<NodeListing> {
    return this.#read(await this.#client.list(signal));
  }

  #read(json: string): NodeListing {
    try {
      return readListing(json, this.#options.source.url);
    } catch (error) {
      throw new NodeError('failed', (error as Error).message);
    }
  }

  #take({ streams, unusable, fingerprint }: NodeListing, connection: 'sse' | 'polling'): void {
    const { log, source, onListing } = this.#options;
    const unbroken = this.#unbroken;
    this.#unbroken = true;
    this.#fingerprint = fingerprint;
    this.#backoff.reset();
    this.#state.liveStreams = streams.filter(({ presence }) => presence === 'live').length;
    this.#change(connection);
    const names = JSON.stringify(unusable);
    if (unusable.length > 0 && names !== this.#unusable) {
      log.warn(
        { node: source.url, streams: unusable },
        'streams have names that cannot be used as paths',
      );
    }
    this.#unusable = names;
    onListing(streams, unbroken);
  }

  #change(connection: NodeConnection, error?: string): void {
    const { clock, log, source } = this.#options;
    const before = this.#state;
    const isNew = before.connection !== connection;
    if (isNew) before.sinceMs = clock.now();
    if (error !== undefined) {
      const level = isNew || before.error !== error ? 'warn' : 'debug';
      log[level]({ node: source.url, error }, `the node is ${connection}`);
      before.error = error;
      before.liveStreams = 0;
    } else if (connection !== 'connecting') {
      delete before.error;
      if (isNew) {
        log.info(
          { node: source.url, liveStreams: before.liveStreams },
          connection === 'sse' ? 'following the events of the node' : 'polling the node',
        );
      }
    }
    before.connection = connection;
  }

  /** Waits this many ms, or until the watch is closed. */
  async #wait(ms: number): Promise<void> {
    const { signal } = this.#life;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, done);
      signal.addEventListener('abort', done);
    });
  }
}

/** Ends events that no longer show what happens on the node. */
const stalled = new NodeError('failed', 'its events have stalled');

/** Calls back if it has not been restarted for this long. */
class Countdown {
  readonly #clock: Clock;
  readonly #call: () => void;
  #cancel = () => {};
  /** Number of starts and stops: shows whether anything happened in between. */
  starts = 0;

  constructor(clock: Clock, call: () => void) {
    this.#clock = clock;
    this.#call = call;
  }

  start(ms: number): void {
    this.stop();
    this.#cancel = this.#clock.after(ms, this.#call);
  }

  stop(): void {
    this.starts++;
    this.#cancel();
  }
}
