import type { PullPlan } from '../sources/pull-plan.ts';
import type { SourcesEvents } from '../sources/sources.ts';

/** Calls that tell a worker what other nodes have; their results are not awaited. */
export interface PullCalls {
  pull(plan: PullPlan): void;
  hold(stream: string): void;
  release(stream: string): void;
}

/**
 * The streams that are pulled from other nodes, kept here so that a replacement worker can be told.
 */
export class PulledStreams implements Required<SourcesEvents> {
  readonly #calls: PullCalls;
  readonly #plans = new Map<string, PullPlan>();
  /**
   * The pulled streams that no node has at present; subscribing to one would make a node create it.
   */
  readonly #held = new Set<string>();

  constructor(calls: PullCalls) {
    this.#calls = calls;
  }

  onPull(plan: PullPlan): void {
    this.#held.delete(plan.stream);
    this.#plans.set(plan.stream, plan);
    this.#calls.pull(plan);
  }

  onHold(stream: string): void {
    this.#held.add(stream);
    this.#calls.hold(stream);
  }

  onRelease(stream: string): void {
    this.#held.delete(stream);
    this.#plans.delete(stream);
    this.#calls.release(stream);
  }

  /** The stream was stopped, and its worker knows. */
  delete(stream: string): void {
    this.#plans.delete(stream);
  }

  /** Tells the worker of a stream again, if the stream is to be pulled at present. */
  repeat(stream: string): void {
    const plan = this.#plans.get(stream);
    if (plan !== undefined && !this.#held.has(stream)) this.#calls.pull(plan);
  }
}
