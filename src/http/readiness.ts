import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import './decorators.ts';
import type { ReadinessJson } from './readiness-json.ts';
import { storageState } from './storage-state.ts';

/** How long a part may take to answer, ms. */
const PATIENCE_MS = 2000;
/** How long an answer is given again: anyone may ask. */
const FRESH_MS = 1000;

type Report = Static<typeof ReadinessJson>;
type Parts = NonNullable<Report['parts']>;
type Part = Parts[keyof Parts];

const OK: Part = { status: 'ok' };
const degraded = (reason: string): Part => ({ status: 'degraded', reason });
const failed = (reason: string): Part => ({ status: 'failed', reason });

/** Whether the recorder can record what is published now, part by part. */
export class Readiness {
  readonly #app: FastifyInstance;
  #latest: Promise<Report> | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  /** The state now, or that of a second ago; never rejects. */
  report(): Promise<Report> {
    const nowMs = performance.now();
    if (this.#latest === undefined || nowMs - this.#askedMs >= FRESH_MS) {
      this.#askedMs = nowMs;
      this.#latest = this.#ask();
    }
    return this.#latest;
  }

  async #ask(): Promise<Report> {
    const [workers, storage, disk] = await Promise.all([
      inTime('the workers', () => this.#workers()),
      inTime('the storage', () => this.#storage()),
      inTime('the disk', () => this.#disk()),
    ]);
    const parts: Parts = { workers, storage, spool: this.#spool(), index: this.#index(), disk };
    const isReady = Object.values(parts).every(({ status }) => status !== 'failed');
    return { status: isReady ? 'ready' : 'unavailable', parts };
  }

  async #workers(): Promise<Part> {
    const { alive, of } = this.#app.recorder.workers();
    if (alive < of) return failed(`${of - alive} of ${of} workers are being restarted`);
    // Whether they answer, too.
    await this.#app.recorder.streams();
    return OK;
  }

  async #storage(): Promise<Part> {
    const { root, bucket } = this.#app.store;
    await access(root, constants.W_OK);
    const { state = 'ok', lastError } = bucket?.state() ?? {};
    if (state === 'ok') return OK;
    const code = lastError === undefined ? '' : ` (last error: ${lastError.code})`;
    return degraded(`recordings wait for upload${code}; see GET /api/storage`);
  }

  #spool(): Part {
    const { bucket } = this.#app.store;
    return bucket === undefined || bucket.accepts
      ? OK
      : failed('too much data waits for upload: no recording begins');
  }

  #index(): Part {
    return this.#app.indexState.isCompleting
      ? degraded('older recordings are being added to the index')
      : OK;
  }

  async #disk(): Promise<Part> {
    const { store, config, disk } = this.#app;
    const { state } = await storageState(store, config.recorder.storage.type, disk);
    if (state === 'full' && store.bucket?.accepts !== false) return failed('the disk is full');
    return disk.isLow
      ? degraded('less free space or inodes than one of disk_warnings; see GET /api/storage')
      : OK;
  }
}

/** What a part says; that it failed, where it does not answer. Never rejects. */
async function inTime(what: string, ask: () => Promise<Part>): Promise<Part> {
  const { promise: late, resolve } = Promise.withResolvers<Part>();
  const reason = `no answer from ${what} within ${PATIENCE_MS / 1000} s`;
  const timer = setTimeout(() => resolve(failed(reason)), PATIENCE_MS);
  const answer = ask().catch((error: NodeJS.ErrnoException) =>
    failed(`${what} cannot be used (${error.code ?? error.message})`),
  );
  const part = await Promise.race([answer, late]);
  clearTimeout(timer);
  return part;
}
