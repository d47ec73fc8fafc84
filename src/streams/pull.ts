import { Backoff, type BackoffRange, NETWORK_BACKOFF } from '../clock/backoff.ts';
import { type Clock, systemClock } from '../clock/clock.ts';
import { WhepError } from '../ingest/whep-error.ts';
import type { PullFailure, PullStatus } from '../recorder.ts';
import type { PullPlan, PullTarget } from '../sources/pull-plan.ts';

/** For a server that answered with a refusal, which is unlikely to change within half a minute. */
const REFUSED_BACKOFF: Partial<BackoffRange> = { longestMs: 300_000 };
/**
 * After a connection of at least this length, the backoff starts again at its shortest delay, ms.
 */
const GOOD_MS = 10_000;
/** After a new publication on the node, a session that is silent for this long is replaced, ms. */
const OUTDATED_SILENCE_MS = 500;
/** A session that still receives media this long after a new publication is kept, ms. */
const OUTDATED_MS = 10_000;

/** Options of a {@link Pull}. */
export interface PullOptions {
  /**
   * Subscribes at a node; resolves when the node has answered. The signal aborts it at any stage.
   */
  connect(target: PullTarget, signal: AbortSignal): Promise<void>;
  /** Called for a failure that differs from the previous one. */
  onFailure(error: Error, node: string, retryMs: number): void;
  clock?: Clock;
  /** From 0 to 1; see {@link Backoff}. */
  random?: () => number;
}

/**
 * Keeps one stream connected to one of the nodes that have it. It tries them in order of
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
  /** By node; nodes that have left the plan are removed. */
  readonly #failedNodes = new Map<string, PullFailure>();
  readonly #backoff: Backoff;
  #sinceMs = 0;
  /** When the node's publication became another one than that of the session, ms. */
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

  /** The node that is connected or being tried. */
  get node(): string | undefined {
    return this.#target?.node;
  }

  /** Why it is not connected; undefined while it is connected or has not been tried. */
  get error(): string | undefined {
    return this.#error;
  }

  /** The state shown to operators. */
  status(): PullStatus {
    return {
      ...(this.node !== undefined && { node: this.node }),
      connected: this.#isConnected,
      sinceMs: this.#startedMs,
      failures: [...this.#failedNodes.values()],
    };
  }

  /**
   * Changes the plan.
   * @returns true if the node in use has left the plan: the caller should end its session
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

  /** No node has the stream at present: pauses until {@link Pull.update}. */
  hold(): void {
    this.#isHeld = true;
    this.#cancel();
  }

  /** Call when the session that `connect` opened is connected. */
  connected(): void {
    this.#error = undefined;
    this.#isConnected = true;
    if (this.node !== undefined) this.#failedNodes.delete(this.node);
    this.#outdatedSinceMs = undefined;
  }

  /**
   * True when the session should be replaced: the publisher came back to the node, for example
   * after the node restarted, and this session no longer receives media. Waiting for its timeout
   * would lose seconds.
   * @param silentMs time since the last media, ms
   */
  isOutdated(silentMs: number): boolean {
    if (this.#outdatedSinceMs === undefined) return false;
    if (silentMs > OUTDATED_SILENCE_MS) return true;
    if (this.#now() - this.#outdatedSinceMs > OUTDATED_MS) this.#outdatedSinceMs = undefined;
    return false;
  }

  /**
   * Call when the session that `connect` opened has ended; it is opened again. @param why the cause
   * in words; absent if nothing failed
   */
  lost(why?: string): void {
    this.#isConnected = false;
    if (this.#isStopped || this.#target === undefined) return;
    if (why !== undefined) this.#note(why, this.#target.node, false);
    if (this.#now() - this.#sinceMs > GOOD_MS) this.#backoff.reset();
    this.#again();
  }

  /** Stops for good. */
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

  // Logged once per kind of failure: a node that is down for a night would fill the log.
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

  /** ms since the Unix epoch, an integer because it is shown to users. */
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

/** True if the server rejected the request itself, so that a retry is unlikely to help soon. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof WhepError)) return false;
  const { kind, status = 0 } = error;
  if (kind === 'unauthorized' || kind === 'bad-answer') return true;
  return kind === 'server' && status >= 400 && status < 500 && status !== 429;
}
