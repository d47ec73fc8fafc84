import path from 'node:path';
import { type Clock, systemClock } from '../../clock/clock.ts';
import { filePath, objectPath } from '../../layout/object-path.ts';
import { ObjectRole, objectRole } from '../../layout/object-role.ts';
import type { FolderSync } from './folder-sync.ts';
import { LocalFile } from './local-file.ts';
import { RecentKeys } from './recent-keys.ts';
import type { SpoolOptions, SpoolState } from './spool-options.ts';
import { committedNames } from './spool-tree.ts';
import { type Attempt, StoreHealth } from './store-health.ts';
import { Throughput } from './throughput.ts';
import { TimedPut } from './timed-put.ts';
import { UploadBuffers } from './upload-buffers.ts';
import { uploadFailure } from './upload-failure.ts';
import type { Waiting, WaitingFiles } from './waiting-files.ts';
import type { WaitingFile } from './waiting-folder.ts';

/**
 * Number of consecutive files, each refused for the first time, after which the store counts as
 * refusing all.
 */
const REFUSED_ALL = 5;
/** Interval at which parked files are retried and kept files are checked, ms. */
const SLOW_RETRY_MS = 600_000;
/** Minimum interval between log lines about a store that comes and goes, ms. */
const TELL_AGAIN_MS = 60_000;
const PUT_TIMEOUT_MS = 60_000;
/** Minimum number of uploaded files that are remembered. */
const RECENT_KEYS = 20_000;

/** Events of an {@link Uploader}. The callbacks must not throw. */
export interface UploaderListener {
  /** The store has a file. */
  stored(key: string): void;
  /** A committed file was found that may not have been offered. */
  found(key: string): void;
  /** The amount of waiting data has decreased. */
  changed(): void;
  /** No upload is in progress, and none can begin. */
  idle(): void;
}

/**
 * Uploads waiting files one by one and deletes them here; decides what a failure means for the file
 * and for all others.
 */
export class Uploader {
  /** Uploaded files that are still here. */
  readonly kept = new Set<string>();
  /** Recently uploaded files. */
  readonly recent = new RecentKeys(RECENT_KEYS);
  readonly throughput = new Throughput();
  uploadedFiles = 0;
  failures = 0;
  lastError: SpoolState['lastError'];

  readonly #options: SpoolOptions;
  readonly #clock: Clock;
  readonly #waiting: WaitingFiles;
  readonly #sync: FolderSync;
  readonly #listener: UploaderListener;
  readonly #health: StoreHealth;
  readonly #store: TimedPut;
  readonly #buffers: UploadBuffers;
  /** Manifests that a late upload may have replaced by an older version. */
  readonly #outdated = new Set<string>();
  #active = 0;
  #refusedInRow = 0;
  #awayToldMs = Number.NEGATIVE_INFINITY;
  #isAwayTold = false;
  #closed = false;
  #cancelSlowRetry: (() => void) | undefined;

  constructor(
    options: SpoolOptions,
    waiting: WaitingFiles,
    sync: FolderSync,
    listener: UploaderListener,
  ) {
    const { store, clock = systemClock, concurrency = 4, random = Math.random } = options;
    this.#options = options;
    this.#clock = clock;
    this.#waiting = waiting;
    this.#sync = sync;
    this.#listener = listener;
    this.#buffers = new UploadBuffers(concurrency);
    this.#health = new StoreHealth(clock, concurrency, () => this.start(), random);
    const { putTimeoutMs = PUT_TIMEOUT_MS } = options;
    this.#store = new TimedPut(store, clock, putTimeoutMs, (key) => this.#late(key));
  }

  /** Whether the store is available. */
  get mode(): StoreHealth['mode'] {
    return this.#health.mode;
  }

  /** Number of uploads in progress. */
  get active(): number {
    return this.#active;
  }

  /**
   * True if no upload is in progress, and nothing waits except parked files and what waits for
   * them.
   */
  get isIdle(): boolean {
    return this.#active === 0 && this.#waiting.next() === undefined;
  }

  /** True while an upload that exceeded its timeout may still take effect. */
  isOverdue(key: string): boolean {
    return this.#store.isOverdue(key);
  }

  /** Begins as many uploads as are allowed. */
  start(): void {
    while (!this.#closed && this.#health.mayStart(this.#active)) {
      const next = this.#waiting.next();
      if (next === undefined) break;
      next.folder.start(next.file);
      this.#active++;
      void this.#upload(next, this.#health.start());
    }
    if (this.#closed || this.isIdle) this.#listener.idle();
  }

  /** Retries parked files and an unavailable store at once. */
  retryNow(): void {
    this.#waiting.unpark(this.#clock.now());
    this.#health.retryNow();
  }

  /** Begins no more uploads. */
  close(): void {
    this.#closed = true;
    this.#health.close();
    this.#cancelSlowRetry?.();
  }

  /** Uploads and deletes a file. Never rejects. */
  async #upload(waiting: Waiting, attempt: Attempt): Promise<void> {
    const local = await this.#read(waiting);
    if (local === undefined) this.#health.ended(attempt);
    else {
      const key = waiting.folder.key(waiting.file);
      try {
        await this.#store.put(key, local.data);
        this.#answered(attempt);
        this.#refusedInRow = 0;
        await this.#stored(waiting, local);
        // After a failure, a connection may still be sending from the buffer.
        this.#buffers.give(local.data);
      } catch (error) {
        this.#failed(waiting, attempt, error);
      }
      await local.close();
    }
    this.#active--;
    this.start();
  }

  /**
   * Reads a file if it may be uploaded now; otherwise decides what happens to it. Never rejects.
   */
  async #read(waiting: Waiting): Promise<LocalFile | undefined> {
    const { folder, file } = waiting;
    const key = folder.key(file);
    let local: LocalFile | undefined;
    try {
      local = await LocalFile.read(filePath(this.#options.root, key), this.#buffers);
      if (objectRole(file.name) !== ObjectRole.manifest) return local;
      if (!(await this.#mayBeAhead(folder.path))) return local;
      folder.putBack(file, this.#clock.now());
    } catch (error) {
      const { code = 'Error', message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') {
        this.lastError = { at: this.#clock.now(), code, message };
        this.#park(waiting, 'a recorded file cannot be read');
      } else if (file.again) folder.putBack(file, this.#clock.now());
      else {
        // A file may be offered again just after its upload.
        if (!this.recent.has(key))
          this.#options.log.warn({ key }, 'a file was deleted before its upload');
        this.#waiting.remove(waiting);
        this.#listener.changed();
      }
    }
    await local?.close();
    return undefined;
  }

  /**
   * True if a folder has media that the manifest just read may name. The disk is checked, because a
   * commit may not have been reported yet.
   */
  async #mayBeAhead(folder: string): Promise<boolean> {
    let isAhead = false;
    for (const name of await committedNames(filePath(this.#options.root, folder))) {
      const key = objectPath(folder, name);
      if (objectRole(name) === ObjectRole.manifest || this.kept.has(key)) continue;
      isAhead = true;
      if (this.#waiting.find(key) === undefined) this.#listener.found(key);
    }
    return isAhead;
  }

  /**
   * The store has the bytes that were read: deletes the file unless it must stay or was replaced.
   * Never rejects.
   */
  async #stored(waiting: Waiting, local: LocalFile): Promise<void> {
    const { folder, file } = waiting;
    const key = folder.key(file);
    const outcome = await this.#removeStored(key, file, local);
    this.uploadedFiles++;
    this.throughput.add(local.data.length, this.#clock.now());
    this.recent.add(key);
    // Offered while it was being deleted, so it exists again.
    const isStale = this.#outdated.delete(key) || file.again;
    if (outcome === 'replaced' || isStale) folder.putBack(file, this.#clock.now());
    else {
      this.#waiting.remove(waiting);
      if (outcome === 'kept') {
        this.kept.add(key);
        this.#armSlowRetry();
      }
    }
    this.#listener.changed();
    this.#listener.stored(key);
  }

  async #removeStored(
    key: string,
    file: WaitingFile,
    local: LocalFile,
  ): Promise<'gone' | 'kept' | 'replaced'> {
    const isManifest = objectRole(file.name) === ObjectRole.manifest;
    const mayBeReplaced = isManifest || file.again;
    file.again = false;
    try {
      if (this.#outdated.has(key)) return 'replaced';
      if ((isManifest && this.#store.isOverdue(key)) || this.#options.keep?.(key)) {
        return mayBeReplaced && (await local.isReplaced()) ? 'replaced' : 'kept';
      }
      this.#sync.add(path.dirname(local.path));
      if (mayBeReplaced) return (await local.removeUnlessReplaced()) ? 'gone' : 'replaced';
      await local.remove();
      return 'gone';
    } catch (err) {
      this.#options.log.error({ key, err }, 'an uploaded file cannot be deleted from this disk');
      return 'kept';
    }
  }

  #failed(waiting: Waiting, attempt: Attempt, error: unknown): void {
    const { folder, file } = waiting;
    const now = this.#clock.now();
    const { scope, code, message, retryAfterMs } = uploadFailure(error, file.refusals);
    this.failures++;
    this.lastError = { at: now, code, message };
    this.#outdated.delete(folder.key(file));
    const isFirst = file.refusals++ === 0;
    if (scope === 'store' || (scope === 'refused' && this.mode === 'refused')) {
      this.#away(attempt, scope === 'store' ? 'down' : 'refused', retryAfterMs);
      folder.putBack(file, now);
    } else {
      this.#answered(attempt);
      this.#park(waiting, 'the store refuses a file; it stays on this disk and is retried');
      if (scope === 'refused' && isFirst && ++this.#refusedInRow >= REFUSED_ALL) {
        this.#away(attempt, 'refused', retryAfterMs);
      }
    }
  }

  #away(attempt: Attempt, mode: 'down' | 'refused', retryAfterMs: number): void {
    const before = this.#health.mode;
    this.#health.failed(attempt, mode, retryAfterMs);
    if (this.#health.mode === before) return;
    const { code, message } = this.lastError!;
    const { log } = this.#options;
    const now = this.#clock.now();
    this.#isAwayTold = now - this.#awayToldMs >= TELL_AGAIN_MS || mode === 'refused';
    if (!this.#isAwayTold) return;
    this.#awayToldMs = now;
    if (mode === 'down')
      log.warn({ code, message }, 'the store is unavailable; uploads are waiting');
    else
      log.error(
        { code, message },
        'the store refuses all uploads; check its settings and permissions',
      );
  }

  #answered(attempt: Attempt): void {
    const before = this.#health.answered(attempt);
    if (before === undefined) return;
    const { count, bytes } = this.#waiting;
    if (this.#isAwayTold) {
      this.#options.log.info(
        { files: count, bytes },
        'the store is available again; uploading what is waiting',
      );
    }
    if (before === 'refused') this.#waiting.unpark(this.#clock.now());
  }

  #park(waiting: Waiting, reason: string): void {
    const { code, message } = this.lastError!;
    this.#waiting.park(waiting);
    this.#armSlowRetry();
    this.#options.log.error({ key: waiting.folder.key(waiting.file), code, message }, reason);
  }

  #armSlowRetry(): void {
    if (this.#closed) return;
    this.#cancelSlowRetry ??= this.#clock.after(SLOW_RETRY_MS, () => {
      this.#cancelSlowRetry = undefined;
      this.#waiting.unpark(this.#clock.now());
      for (const key of this.kept) if (!this.#options.keep?.(key)) this.#listener.found(key);
      if (this.kept.size > 0) this.#armSlowRetry();
      this.start();
    });
  }

  /** An upload ended after its timeout: it may have replaced the object by an older version. */
  #late(key: string): void {
    if (objectRole(key) !== ObjectRole.manifest) return;
    if (this.kept.has(key)) this.#listener.found(key);
    else if (this.#waiting.find(key)?.file.state === 'active') this.#outdated.add(key);
  }
}
