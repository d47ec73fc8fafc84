import type { SpoolStore } from '../../../src/storage/spool/timed-put.ts';

/** An error as stores throw it. */
export class FakeStoreError extends Error {
  readonly kind: string;
  readonly code: string;
  readonly retryAfterMs?: number;

  constructor(kind: string, code = kind, retryAfterMs?: number) {
    super(`${code} from the store`);
    this.kind = kind;
    this.code = code;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** An upload that the test decides about. */
export interface PendingPut {
  key: string;
  data: Buffer;
  /** The object is there, and the store says so. */
  succeed(): void;
  fail(error: Error): void;
}

/**
 * A store in memory whose faults can be timed: by `fault`, or by `hold`, which leaves each upload to
 * the test.
 */
export class FaultyStore implements SpoolStore {
  readonly objects = new Map<string, Buffer>();
  readonly contentTypes = new Map<string, string>();
  /** Keys in the order in which they were stored. */
  readonly order: string[] = [];
  /** Uploads begun. */
  puts = 0;
  /** Uploads under way, now and at most. */
  active = 0;
  mostActive = 0;
  /** Throws what an upload is to fail with; `'lost-reply'` stores the object all the same. */
  fault: ((key: string, data: Buffer) => Error | 'lost-reply' | undefined) | undefined;
  /** Called after each object that was stored. */
  onStored: ((key: string) => void) | undefined;
  hold = false;
  readonly pending: PendingPut[] = [];
  #arrivals: (() => void)[] = [];

  async put(key: string, data: Buffer, { contentType }: { contentType: string }): Promise<void> {
    this.puts++;
    this.active++;
    this.mostActive = Math.max(this.mostActive, this.active);
    try {
      if (this.hold) await this.#held(key, data);
      // Other uploads get their turn in between, as they do with a network.
      else await new Promise((resolve) => setImmediate(resolve));
      const fault = this.fault?.(key, data);
      if (fault instanceof Error) throw fault;
      this.objects.set(key, Buffer.from(data));
      this.contentTypes.set(key, contentType);
      this.order.push(key);
      this.onStored?.(key);
      if (fault === 'lost-reply') throw new FakeStoreError('transient', 'ECONNRESET');
    } finally {
      this.active--;
    }
  }

  /** Resolves once so many uploads are held. */
  async held(count: number): Promise<PendingPut[]> {
    while (this.pending.length < count) {
      await new Promise<void>((resolve) => this.#arrivals.push(resolve));
    }
    return this.pending;
  }

  text(key: string): string | undefined {
    return this.objects.get(key)?.toString();
  }

  #held(key: string, data: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (end: () => void) => () => {
        this.pending.splice(this.pending.indexOf(put), 1);
        end();
      };
      const put: PendingPut = {
        key,
        data,
        succeed: done(resolve),
        fail: (error) => done(() => reject(error))(),
      };
      this.pending.push(put);
      for (const arrived of this.#arrivals.splice(0)) arrived();
    });
  }
}
