import { Backoff, type BackoffRange } from '../clock/backoff.ts';
import type { Clock } from '../clock/clock.ts';
import { eventId, eventJson, type RecorderEvent } from '../events/event.ts';
import { eventMatcher } from '../events/event-filter.ts';
import { type Failure, type Outcome, postEvent } from './post-event.ts';
import { nameOf, type WebhookConfig } from './webhook-options.ts';
import { laneName, type WebhookQueue } from './webhook-queue.ts';

/** Concurrent requests to one receiver that answers; one while it does not. */
const CONCURRENCY = 4;
const BACKOFF: BackoffRange = { firstMs: 1000, longestMs: 300_000 };
/** An attempt that fails later than this after the event is the last one, ms. */
const GIVE_UP_MS = 86_400_000;
/** Minimum interval between log lines about dropped events, ms. */
const TELL_AGAIN_MS = 60_000;

/** Figures of a webhook, since the start. */
export interface WebhookState {
  /** Its address without the query. */
  webhook: string;
  waiting: number;
  delivered: number;
  failures: number;
  dropped: number;
}

/** Options of a {@link Webhook}. */
export interface WebhookOptions {
  config: WebhookConfig;
  queue: WebhookQueue;
  /** Name of this node. */
  node: string;
  clock: Clock;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** From 0 to 1; see {@link Backoff}. */
  random?: () => number;
}

/** An event that was refused by itself, while its lane waits. */
interface Hold {
  backoff: Backoff;
  /** Absent while it is being tried. */
  cancel?: () => void;
}

/**
 * Delivers events to one receiver, each at least once, and those of a stream in their order: the next
 * one is sent when the last was accepted. It is tried for a day after the event.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #name: string;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  /** Lanes of which an event is being sent, and the end of that. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #holds = new Map<string, Hold>();
  #config: WebhookConfig;
  #isWanted: ReturnType<typeof eventMatcher>;
  #isGone = false;
  #cancelWait: (() => void) | undefined;
  #delivered = 0;
  #failures = 0;
  #dropped = 0;
  #toldDroppedMs = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#name = nameOf(options.config);
    this.#isWanted = eventMatcher(options.config.events);
    this.#backoff = new Backoff(BACKOFF, options.random);
    this.#next();
  }

  /** Its figures. */
  get state(): WebhookState {
    return {
      webhook: this.#name,
      waiting: this.#options.queue.size,
      delivered: this.#delivered,
      failures: this.#failures,
      dropped: this.#dropped,
    };
  }

  /** Changes the types of events or the secret, and tries a receiver that was gone again. */
  apply(config: WebhookConfig): void {
    this.#config = config;
    this.#isWanted = eventMatcher(config.events);
    this.#isGone = false;
    this.#next();
  }

  /** Takes an event; never throws. */
  take(event: RecorderEvent): void {
    if (this.#isGone || !this.#isWanted(event.type)) return;
    const dropped = this.#options.queue.add(event);
    if (dropped > 0) this.#drop(dropped, 'too many events wait');
    this.#next();
  }

  /** See {@link WebhookQueue.written}. */
  written(): Promise<void> {
    return this.#options.queue.written();
  }

  /** Sends nothing more; what was not accepted stays in the queue. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelWait?.();
    for (const { cancel } of this.#holds.values()) cancel?.();
    await Promise.all(this.#busy.values());
    await this.#options.queue.close();
  }

  get #isFailing(): boolean {
    return this.#backoff.failures > 0;
  }

  /** Sends as many events as are allowed. */
  #next(): void {
    const isAwaited = this.#cancelWait !== undefined;
    if (this.#stop.signal.aborted || this.#isGone || isAwaited) return;
    const most = this.#isFailing ? 1 : CONCURRENCY;
    for (const event of this.#options.queue.heads()) {
      if (this.#busy.size >= most) return;
      const lane = laneName(event);
      if (this.#busy.has(lane) || this.#holds.get(lane)?.cancel !== undefined) continue;
      this.#busy.set(lane, this.#send(event, lane));
    }
  }

  /** Never rejects. */
  async #send(event: RecorderEvent, lane: string): Promise<void> {
    const body = eventJson(event, this.#options.node);
    const { signal } = this.#stop;
    const outcome = await postEvent(this.#config, eventId(event.stamp), body, signal);
    if (!signal.aborted) {
      this.#settle(event, lane, outcome);
      // Otherwise all that were accepted while the disk is slow would be sent again after `kill -9`.
      await this.#options.queue.written();
    }
    this.#busy.delete(lane);
    this.#next();
  }

  #settle(event: RecorderEvent, lane: string, outcome: Outcome): void {
    const { queue, log } = this.#options;
    if (outcome.result !== 'unavailable') {
      if (this.#isFailing) log.info({ webhook: this.#name }, 'the webhook is available again');
      this.#backoff.reset();
    }
    if (outcome.result === 'accepted') {
      this.#holds.delete(lane);
      this.#delivered++;
      queue.remove(event);
      return;
    }
    this.#failures++;
    if (outcome.result === 'gone') {
      this.#isGone = true;
      this.#drop(queue.removeUntil(), 'the webhook is gone (410)');
    } else this.#failed(event, lane, outcome);
  }

  #failed(event: RecorderEvent, lane: string, { result, reason, retryAfterMs }: Failure): void {
    const { queue, clock } = this.#options;
    const tooOldUs = clock.nowUs() - GIVE_UP_MS * 1000;
    if (result === 'unavailable') {
      // One attempt stands for all that wait.
      const given = queue.removeUntil(tooOldUs);
      if (given > 0) this.#drop(given, `not accepted for a day (${reason})`);
      // Others that were under way at the same time say nothing more.
      if (this.#cancelWait === undefined) this.#wait(reason, retryAfterMs);
    } else if (event.stamp > tooOldUs) this.#hold(lane, reason, retryAfterMs);
    else {
      queue.remove(event);
      this.#holds.delete(lane);
      this.#drop(1, `refused for a day (${reason})`);
    }
  }

  /** Sends nothing for a while, and then one event. */
  #wait(reason: string, retryAfterMs: number): void {
    const { clock, log } = this.#options;
    if (!this.#isFailing) {
      const fields = { webhook: this.#name, reason };
      log.warn(fields, 'the webhook is unavailable; events wait');
    }
    this.#cancelWait = clock.after(Math.max(retryAfterMs, this.#backoff.next()), () => {
      this.#cancelWait = undefined;
      this.#next();
    });
  }

  /** Lets a lane wait whose first event the receiver refuses. */
  #hold(lane: string, reason: string, retryAfterMs: number): void {
    const { clock, log, random } = this.#options;
    const hold: Hold = this.#holds.get(lane) ?? { backoff: new Backoff(BACKOFF, random) };
    this.#holds.set(lane, hold);
    if (hold.backoff.failures === 0) {
      const fields = { webhook: this.#name, reason, ...(lane !== '' && { stream: lane }) };
      log.warn(fields, 'the webhook refuses an event; later ones wait for it');
    }
    hold.cancel = clock.after(Math.max(retryAfterMs, hold.backoff.next()), () => {
      delete hold.cancel;
      this.#next();
    });
  }

  /** Counts events that are not delivered, and says so at most once a minute. */
  #drop(events: number, reason: string): void {
    this.#dropped += events;
    this.#untold += events;
    const { clock, log } = this.#options;
    if (clock.now() - this.#toldDroppedMs < TELL_AGAIN_MS) return;
    this.#toldDroppedMs = clock.now();
    log.error({ webhook: this.#name, events: this.#untold, reason }, 'events were NOT delivered');
    this.#untold = 0;
  }
}
