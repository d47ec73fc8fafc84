import type { Clock } from '../../src/clock/clock.ts';

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 1_753_315_200_000;
  readonly #due = new Map<object, { atMs: number; call: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  nowUs(): number {
    return Math.round(this.#nowMs * 1000);
  }

  after(ms: number, call: () => void): () => void {
    const key = {};
    this.#due.set(key, { atMs: this.#nowMs + ms, call });
    return () => {
      this.#due.delete(key);
    };
  }

  /** Lets time pass; calls what is due in between, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#due].reduce<[object, { atMs: number; call: () => void }] | undefined>(
        (first, entry) => (first && first[1].atMs <= entry[1].atMs ? first : entry),
        undefined,
      );
      if (next === undefined || next[1].atMs > untilMs) break;
      this.#due.delete(next[0]);
      this.#nowMs = Math.max(this.#nowMs, next[1].atMs);
      next[1].call();
    }
    this.#nowMs = untilMs;
  }

  /** True when something is due within so many ms. */
  isDueWithin(ms: number): boolean {
    return [...this.#due.values()].some(({ atMs }) => atMs <= this.#nowMs + ms);
  }
}
