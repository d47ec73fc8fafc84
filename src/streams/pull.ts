import { Backoff, type BackoffRange, NETWORK_BACKOFF } from '../clock/backoff.ts';
import { type Clock, systemClock } from '../clock/clock.ts';
import { WhepError } from '../ingest/whep-error.ts';
import type { PullFailure, PullStatus } from '../recorder.ts';
import type { PullPlan, PullTarget } from '../sources/pull-plan.ts';

/** Where the server answered and did not want us: it hardly will half a minute later. */
const REFUSED_BACKOFF: Partial<BackoffRange> = { longestMs: 300_000 };
/** A connection that lasted this long was a good one: the next failure begins at the first delay. */
const GOOD_MS = 10_000;
/** After another publication, a session that is silent for this long is replaced, ms. */
const OUTDATED_SILENCE_MS = 500;
/** A session that still has media this long after another publication is fine, ms. */
const OUTDATED_MS = 10_000;

/** What a {@link Pull} works with. */
export interface PullOptions {
  /** Subscribes at a node; resolves when it answered. Aborting ends it at any stage. */
  connect(target: PullTarget, signal: AbortSignal): Promise<void>;
  /** Told of a failure that is not the same as the one before. */
  onFailure(error: Error, node: string, retryMs: number): void;
  clock?: Clock;
  /** From 0 to 1; see {@link Backoff}. */
  random?: () => number;
}

/**
 * Keeps one stream connected to one of the nodes that carry it: tries them in the order of
 * preference, with exponential backoff and jitter, until it is stopped.
 */
export class Pull {
  readonly #options: PullOptions;
  readonly #clock: Clock;
  #plan: PullPlan;
  #target: PullTarget | undefined;
  #error: string | undefined;
  readonly #startedMs: number;
  #isConnected = false;
  /** By node; those that are in the plan no more are forgotten. */
  readonly #failedNodes = new Map<string, PullFailure>();
  readonly #backoff: Backoff;
  #sinceMs = 0;
  /** Since when the publication is another than the one that the session was made for. */
  #outdatedSinceMs: number | undefined;
  #cancel: () => void = () => {};
  #attempt: AbortController | undefined;
  #isStopped = false;
  #isHeld = false;

  constructor(plan: PullPlan, options: PullOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff(NETWORK_BACKOFF, options.random);
    this.#startedMs = this.#now();
    void this.#connect();
  }

  /** The node in use or being tried. */
  get node(): string | undefined {
    return this.#target?.node;
  }

  /** Why it is not connected; undefined when it is, or was not tried yet. */
  get error(): string | undefined {
    return this.#error;
  }

  /** How it goes. */
  status(): PullStatus {
    return {
      ...(this.node !== undefined && { node: this.node }),
      connected: this.#isConnected,
      sinceMs: this.#startedMs,
      failures: [...this.#failedNodes.values()],
    };
  }

  /**
   * Takes another plan.
   * @returns true when the node in use is not in it: its session should be ended
   */
  update(plan: PullPlan): boolean {
    const isAnother = plan.publication !== this.#plan.publication;
    this.#plan = plan;
    for (const node of this.#failedNodes.keys()) {
      if (!plan.targets.some((target) => target.node === node)) this.#failedNodes.delete(node);
    }
    this.#isHeld = false;
    const inUse = this.#target;
    if (inUse === undefined) {
      this.#backoff.reset();
      void this.#connect();
    } else if (!plan.targets.some(({ url }) => url === inUse.url)) {
      this.#backoff.reset();
      this.#attempt?.abort();
      return true;
    } else if (isAnother) this.#outdatedSinceMs = this.#now();
    return false;
  }

  /** No node has the stream at present: nothing is tried until {@link Pull.update}. */
  hold(): void {
    this.#isHeld = true;
    this.#cancel();
  }

  /** The session that `connect` made is connected. */
  connected(): void {
    this.#error = undefined;
    this.#isConnected = true;
    if (this.node !== undefined) this.#failedNodes.delete(this.node);
    this.#outdatedSinceMs = undefined;
  }

  /**
   * True when the session should be replaced: a publisher that came anew, as after the restart of a
   * node, has left it without media. Waiting for the time-out would lose seconds.
   * @param silentMs how long no media has come
   */
  isOutdated(silentMs: number): boolean {
    if (this.#outdatedSinceMs === undefined) return false;
    if (silentMs > OUTDATED_SILENCE_MS) return true;
    if (this.#now() - this.#outdatedSinceMs > OUTDATED_MS) this.#outdatedSinceMs = undefined;
    return false;
  }

  /** The session that `connect` made is over: another follows. @param why in words; none for no fault */
  lost(why?: string): void {
    this.#isConnected = false;
    if (this.#isStopped || this.#target === undefined) return;
    if (why !== undefined) this.#note(why, this.#target.node, false);
    if (this.#now() - this.#sinceMs > GOOD_MS) this.#backoff.reset();
    this.#again();
  }

  /** No more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#attempt?.abort();
  }

  async #connect(): Promise<void> {
    this.#cancel();
    const { targets } = this.#plan;
    const target = targets[this.#backoff.failures % targets.length]!;
    const attempt = new AbortController();
    this.#target = target;
    this.#outdatedSinceMs = undefined;
    this.#attempt = attempt;
    this.#sinceMs = this.#now();
    try {
      await this.#options.connect(target, attempt.signal);
    } catch (error) {
      if (this.#isStopped) return;
      const retryMs = this.#again(isRefusal(error) ? REFUSED_BACKOFF : {});
      if (!attempt.signal.aborted) this.#attemptFailed(error as Error, target.node, retryMs);
    }
  }

  // The same failure at every try would fill the log of a node that is away for a night.
  #attemptFailed(error: Error, node: string, retryMs: number): void {
    if (error.message !== this.#error) this.#options.onFailure(error, node, retryMs);
    this.#note(error.message, node, error instanceof WhepError && error.kind === 'unauthorized');
  }

  #note(message: string, node: string, isUnauthorized: boolean): void {
    this.#error = message;
    const before = this.#failedNodes.get(node);
    const sinceMs = before?.message === message ? before.sinceMs : this.#now();
    this.#failedNodes.set(node, { node, message, isUnauthorized, sinceMs });
  }

  /** ms since the Unix epoch, whole: it is shown. */
  #now(): number {
    return Math.round(this.#clock.now());
  }

  #again(range: Partial<BackoffRange> = {}): number {
    const delayMs = Math.round(this.#backoff.next(range));
    this.#target = undefined;
    if (!this.#isHeld) this.#cancel = this.#clock.after(delayMs, () => void this.#connect());
    return delayMs;
  }
}

/** True for what a server says of us or of its stream, not of the moment. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof WhepError)) return false;
  const { kind, status = 0 } = error;
  if (kind === 'unauthorized' || kind === 'bad-answer') return true;
  return kind === 'server' && status >= 400 && status < 500 && status !== 429;
}
