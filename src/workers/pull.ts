import type { PullTarget } from '../sources/pull-plan.ts';

/** The first try after a failure is made after this, ms; each further one after twice as long. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** A connection that lasted this long was a good one: the next failure begins at the first delay. */
const GOOD_MS = 10_000;

/** What a {@link Pull} works with. */
export interface PullOptions {
  /** Subscribes at a node; resolves when it answered. Aborting ends it at any stage. */
  connect(target: PullTarget, signal: AbortSignal): Promise<void>;
  /** Told of each failure, for log and state. */
  onFailure(error: Error, target: PullTarget, retryMs: number): void;
}

/**
 * Keeps one stream connected to one of the nodes that carry it: tries them in the order of
 * preference, with exponential backoff and jitter, until it is stopped.
 */
export class Pull {
  readonly #options: PullOptions;
  #targets: readonly PullTarget[];
  #target: PullTarget | undefined;
  #failures = 0;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #attempt: AbortController | undefined;
  /** Nothing is to be tried: for good, or until another choice of nodes comes. */
  #stopped = false;
  #held = false;

  /** @param targets best first, never empty */
  constructor(targets: readonly PullTarget[], options: PullOptions) {
    this.#targets = targets;
    this.#options = options;
    void this.#connect();
  }

  /**
   * Takes another choice of nodes.
   * @returns true when the node in use is not among them: its session should be ended
   */
  update(targets: readonly PullTarget[]): boolean {
    this.#targets = targets;
    this.#held = false;
    const inUse = this.#target;
    if (inUse !== undefined && !targets.some(({ url }) => url === inUse.url)) {
      this.#failures = 0;
      this.#attempt?.abort();
      return true;
    }
    if (inUse === undefined) {
      this.#failures = 0;
      void this.#connect();
    }
    return false;
  }

  /** The session that `connect` made is over: another follows. */
  lost(): void {
    if (this.#stopped || this.#target === undefined) return;
    if (Date.now() - this.#since > GOOD_MS) this.#failures = 0;
    this.#again();
  }

  /** No node has the stream at present: nothing is tried until {@link Pull.update}. */
  hold(): void {
    this.#held = true;
    clearTimeout(this.#timer);
  }

  /** The node in use or being tried. */
  get node(): string | undefined {
    return this.#target?.node;
  }

  /** No more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#attempt?.abort();
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    const target = this.#targets[this.#failures % this.#targets.length]!;
    const attempt = new AbortController();
    this.#target = target;
    this.#attempt = attempt;
    this.#since = Date.now();
    try {
      await this.#options.connect(target, attempt.signal);
    } catch (error) {
      if (this.#stopped) return;
      const retryMs = this.#again();
      if (!attempt.signal.aborted) this.#options.onFailure(error as Error, target, retryMs);
    }
  }

  #again(): number {
    const longest = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    const delay = Math.round(longest * (0.5 + Math.random() / 2));
    this.#failures++;
    this.#target = undefined;
    if (!this.#held) this.#timer = setTimeout(() => void this.#connect(), delay);
    return delay;
  }
}
