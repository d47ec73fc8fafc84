import type { Segment } from '../facts/segment.ts';
import { matches, type SegmentQuery } from './segment-query.ts';

interface Waiter {
  query: SegmentQuery;
  finish: () => void;
}

/** Callers that wait for a new segment, by stream. */
export class SegmentWaiters {
  /** The key undefined is for callers that accept any stream. */
  #byStream = new Map<string | undefined, Set<Waiter>>();
  #closed = false;

  /** Number of waiting callers. */
  get size(): number {
    let size = 0;
    for (const waiters of this.#byStream.values()) size += waiters.size;
    return size;
  }

  /**
   * Resolves when a matching segment is announced, after `timeoutMs`, or when the signal aborts.
   */
  wait(query: SegmentQuery, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        this.#remove(waiter);
        resolve();
      };
      const waiter: Waiter = { query, finish };
      const timer = setTimeout(finish, timeoutMs);
      signal?.addEventListener('abort', finish);
      const waiters = this.#byStream.get(query.stream);
      if (waiters) waiters.add(waiter);
      else this.#byStream.set(query.stream, new Set([waiter]));
    });
  }

  /** Wakes the callers that wait for this segment. */
  announce(createdAt: number, segment: Segment): void {
    for (const stream of [segment.stream, undefined]) {
      for (const waiter of this.#byStream.get(stream) ?? []) {
        if (matches(waiter.query, createdAt, segment)) waiter.finish();
      }
    }
  }

  /** Wakes all callers, and from now on every caller at once. */
  close(): void {
    this.#closed = true;
    for (const waiters of this.#byStream.values()) {
      for (const waiter of waiters) waiter.finish();
    }
  }

  #remove(waiter: Waiter): void {
    const waiters = this.#byStream.get(waiter.query.stream);
    if (!waiters?.delete(waiter)) return;
    if (waiters.size === 0) this.#byStream.delete(waiter.query.stream);
  }
}
