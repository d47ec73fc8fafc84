import { existsSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, systemClock } from '../../sources/clock.ts';
import { FolderSync } from './folder-sync.ts';
import { HighWater, type SpoolLimits } from './high-water.ts';
import { absent, LocalFile, SENT_SUFFIX } from './local-file.ts';
import { ObjectRole, objectRole } from './object-role.ts';
import { RecentKeys } from './recent-keys.ts';
import { committedNames, findFile, walkSpool } from './spool-tree.ts';
import { type Attempt, StoreHealth } from './store-health.ts';
import { Throughput } from './throughput.ts';
import { type SpoolStore, TimedPut } from './timed-put.ts';
import { uploadFailure } from './upload-failure.ts';
import { type Waiting, WaitingFiles } from './waiting-files.ts';
import type { WaitingFile } from './waiting-folder.ts';

/** Where the spool says what happens to it. */
export interface SpoolLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Settings of a {@link Spool}. */
export interface SpoolOptions {
  /** Folder whose files are to be stored, a path of the file system. Nobody else may upload from it. */
  root: string;
  store: SpoolStore;
  /** Uploads at once; 4 by default. So many files are held in memory. */
  concurrency?: number;
  log: SpoolLog;
  /**
   * True for a file that stays here after it was uploaded, such as the manifest of today. Asked
   * after each upload, and again every ten minutes: once it says false the file is uploaded and
   * deleted.
   */
  keep?(key: string): boolean;
  /** Without them everything waits for as long as it must. */
  limits?: SpoolLimits;
  /** The machine's own by default. */
  clock?: Clock;
  /** From 0 to 1, spreads retries; `Math.random` by default. */
  random?(): number;
  /**
   * ms for an upload, besides a second for each 50 kB; 60,000 by default. The store's own time-out
   * should come before.
   */
  putTimeoutMs?: number;
}

/** How the spool does. Times are ms since the Unix epoch. */
export interface SpoolState {
  /**
   * - `ok`: what is recorded is uploaded.
   * - `delayed`: the store does not answer for now, or the oldest file waits for over a minute.
   * - `alarm`: somebody must act: files are parked, the store refuses everything, or so much waits
   *   that the warning mark is passed.
   * - `full`: nothing new should be recorded.
   */
  state: 'ok' | 'delayed' | 'alarm' | 'full';
  /** Files that are not in the store, parked ones too. */
  waitingFiles: number;
  waitingBytes: number;
  /** Files that the store would not have. */
  parkedFiles: number;
  /** When the oldest waiting file was committed. */
  oldestMs?: number;
  /** The last failure, also when all is well since. */
  lastError?: { at: number; code: string; message: string };
  /** Over the last minute. */
  bytesPerSecond: number;
  /** Since the spool was opened, as the following. */
  uploadedFiles: number;
  /** Uploads that failed. */
  failures: number;
  /** Files deleted unstored because the high-water mark was passed. */
  droppedFiles: number;
}

/** Files refused in a row, each for the first time, after which it must be the store. */
const REFUSED_ALL = 5;
/** Parked files are tried again, and kept files asked about, every so many ms. */
const SLOW_RETRY_MS = 600_000;
/** A file that waits for longer than this is late, ms. */
const LATE_MS = 60_000;
const PUT_TIMEOUT_MS = 60_000;
/** Looking for something to drop, when there was too little, is worth it with so much more. */
const DROP_AGAIN = 1.01;
/** ms that closing waits for uploads under way. */
const CLOSE_GRACE_MS = 5_000;
const RECENT_KEYS = 20_000;

/**
 * What lies between recording to disk and a remote store. The tree of committed files is the queue:
 * a file is there until the store has it, so nothing is lost whenever the process ends, and nothing
 * else must be kept in step. A key is a path below the root.
 *
 * A manifest in the store never names what is not there: before its text is uploaded, no file of its
 * folder may be left that was there when the text was read.
 */
export class Spool {
  /** Told of each file once it is in the store. */
  onUploaded: ((key: string) => void) | undefined;
  /** Told of each file that was deleted unstored to make room. Its manifest still names it. */
  onDropped: ((key: string) => void) | undefined;

  readonly #options: SpoolOptions;
  readonly #clock: Clock;
  readonly #waiting = new WaitingFiles();
  readonly #health: StoreHealth;
  readonly #highWater: HighWater;
  readonly #sync: FolderSync;
  readonly #throughput = new Throughput();
  readonly #recent = new RecentKeys(RECENT_KEYS);
  /** In the store and still here. */
  readonly #kept = new Set<string>();
  readonly #store: TimedPut;
  /** Manifests that an upload which ended too late may have put an older one over. */
  readonly #outdated = new Set<string>();
  #active = 0;
  #refusedInRow = 0;
  #dropping = false;
  /** Bytes waiting at which looking for something to drop is worth it again. */
  #dropAgainAt = 0;
  #closed = false;
  #cancelSlowRetry: (() => void) | undefined;
  #idleWaiters: (() => void)[] = [];
  #uploadedFiles = 0;
  #droppedFiles = 0;
  #failures = 0;
  #lastError: SpoolState['lastError'];

  private constructor(options: SpoolOptions) {
    const { store, clock = systemClock, concurrency = 4, random = Math.random } = options;
    const { putTimeoutMs = PUT_TIMEOUT_MS } = options;
    this.#options = options;
    this.#clock = clock;
    this.#store = new TimedPut(store, clock, putTimeoutMs, (key) => this.#late(key));
    this.#health = new StoreHealth(clock, concurrency, () => this.#start(), random);
    this.#highWater = new HighWater(options.limits);
    this.#sync = new FolderSync(clock, options.log);
  }

  /**
   * Finds what waits below the root and begins to upload it. Call it after a crash was recovered
   * from and before anything is recorded: found files must not change any more.
   * @throws the file system's error
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    for await (const { folder, files } of walkSpool(options.root)) {
      for (const { name, size, committedMs } of files) {
        spool.#waiting.add(folder, name, size, committedMs);
      }
    }
    const { count, bytes } = spool.#waiting;
    if (count > 0) options.log.info({ files: count, bytes }, 'files wait for upload');
    spool.#measure();
    spool.#start();
    return spool;
  }

  /**
   * Tells that a file was committed, or a manifest replaced. May be told more than once and in any
   * order; a file that is gone already is passed over.
   * @throws Error for a key that is no path below the root
   */
  offer(key: string): void {
    if (this.#closed) return;
    const file = this.#path(key);
    const folder = folderOf(key);
    const name = nameOf(key);
    let found: ReturnType<typeof findFile>;
    try {
      found = findFile(file, name);
    } catch (err) {
      this.#options.log.error({ key, err }, 'a recorded file cannot be read');
      return;
    }
    if (found === undefined) {
      this.#kept.delete(key);
      return;
    }
    const known = this.#waiting.get(folder, name);
    if (known === undefined) {
      this.#kept.delete(key);
      this.#waiting.add(folder, name, found.size, found.committedMs);
    } else {
      this.#waiting.resize(known.file, found.size);
      known.file.again = true;
    }
    this.#measure();
    this.#start();
  }

  /**
   * Whether a file is in the store: false while it waits here, true once it is there, undefined for
   * one never heard of, or uploaded so long ago that it is forgotten (20,000 files at least).
   */
  uploaded(key: string): boolean | undefined {
    if (this.#find(key) !== undefined) return false;
    if (this.#kept.has(key) || this.#recent.has(key)) return true;
    return existsSync(this.#path(key)) ? false : undefined;
  }

  /**
   * Opens a file that is still here, for reading. What was opened can be read to its end, also when
   * it is deleted meanwhile. The caller closes it.
   * @returns undefined when it is not here: then the store has it, if it exists
   * @throws the file system's error; Error for a key that is no path below the root
   */
  async open(key: string): Promise<FileHandle | undefined> {
    const file = this.#path(key);
    const names =
      objectRole(key) === ObjectRole.manifest ? [file, file + SENT_SUFFIX, file] : [file];
    for (const name of names) {
      const handle = await open(name, 'r').catch(absent);
      if (handle !== undefined) return handle;
    }
    return undefined;
  }

  /** False when nothing new should be recorded, because the high-water mark is passed. */
  accepts(): boolean {
    return !this.#highWater.isFull || this.#dropping;
  }

  /** How the spool does, at the price of a look at each folder. */
  state(): SpoolState {
    const { count, bytes, parked, oldestMs } = this.#waiting;
    return {
      state: this.#stateName(oldestMs),
      waitingFiles: count,
      waitingBytes: bytes,
      parkedFiles: parked,
      ...(oldestMs !== undefined && { oldestMs }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      bytesPerSecond: this.#throughput.bytesPerSecond(this.#clock.now()),
      uploadedFiles: this.#uploadedFiles,
      failures: this.#failures,
      droppedFiles: this.#droppedFiles,
    };
  }

  /** Tries parked files again, and the store if it is away: somebody says that it is mended. */
  retryParked(): void {
    this.#waiting.unpark(this.#clock.now());
    this.#health.retryNow();
  }

  /** Resolves once everything is uploaded but what is parked, and manifests that wait for that. */
  async drained(): Promise<void> {
    while (!this.#isDrained())
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    await this.#sync.flush();
  }

  /** Ends uploading. What waits is found at the next start; so is what does not end within 5 s. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#health.close();
    this.#cancelSlowRetry?.();
    let isOver = false;
    const cancel = this.#clock.after(CLOSE_GRACE_MS, () => {
      isOver = true;
      this.#wakeIdle();
    });
    while ((this.#active > 0 || this.#dropping) && !isOver) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
    cancel();
    await this.#sync.flush();
  }

  #stateName(oldestMs: number | undefined): SpoolState['state'] {
    if (!this.accepts()) return 'full';
    const { mode } = this.#health;
    if (mode === 'refused' || this.#waiting.parked > 0 || this.#highWater.isWarning) return 'alarm';
    const isLate = oldestMs !== undefined && this.#clock.now() - oldestMs > LATE_MS;
    return mode === 'down' || isLate ? 'delayed' : 'ok';
  }

  /** Begins as many uploads as may be under way. */
  #start(): void {
    while (!this.#closed && this.#health.mayStart(this.#active)) {
      const next = this.#waiting.next();
      if (next === undefined) break;
      next.folder.start(next.file);
      this.#active++;
      void this.#upload(next, this.#health.start());
    }
    if (this.#closed || this.#isDrained()) this.#wakeIdle();
  }

  #isDrained(): boolean {
    return this.#active === 0 && !this.#dropping && this.#waiting.next() === undefined;
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Uploads one file and deletes it. Never rejects. */
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
      } catch (error) {
        this.#failed(waiting, attempt, error);
      }
      await local.close();
    }
    this.#active--;
    this.#start();
  }

  /** Reads a file if it may be uploaded now; if not, says what becomes of it. Never rejects. */
  async #read(waiting: Waiting): Promise<LocalFile | undefined> {
    const { folder, file } = waiting;
    const key = folder.key(file);
    let local: LocalFile | undefined;
    try {
      local = await LocalFile.read(this.#path(key));
      if (objectRole(file.name) !== ObjectRole.manifest) return local;
      if (!(await this.#mayBeAhead(folder.path))) return local;
      folder.putBack(file, this.#clock.now());
    } catch (error) {
      const { code = 'Error', message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') {
        this.#lastError = { at: this.#clock.now(), code, message };
        this.#park(waiting, 'a recorded file cannot be read');
      } else if (file.again) folder.putBack(file, this.#clock.now());
      else {
        // Told of once more just after it had been stored.
        if (!this.#recent.has(key))
          this.#options.log.warn({ key }, 'a file was deleted before its upload');
        this.#waiting.remove(waiting);
      }
    }
    await local?.close();
    return undefined;
  }

  /**
   * True when a folder holds media that may be named by the manifest just read. Asked of the disk,
   * because its commit may not have been told yet.
   */
  async #mayBeAhead(folder: string): Promise<boolean> {
    let isAhead = false;
    for (const name of await committedNames(path.join(this.#options.root, folder))) {
      const key = folder === '' ? name : `${folder}/${name}`;
      if (objectRole(name) === ObjectRole.manifest || this.#kept.has(key)) continue;
      isAhead = true;
      if (this.#waiting.get(folder, name) === undefined) this.offer(key);
    }
    return isAhead;
  }

  /** The store has what was read: deletes it, unless it must stay or was replaced. Never rejects. */
  async #stored(waiting: Waiting, local: LocalFile): Promise<void> {
    const { folder, file } = waiting;
    const key = folder.key(file);
    const outcome = await this.#removeStored(key, file, local);
    this.#uploadedFiles++;
    this.#throughput.add(local.data.length, this.#clock.now());
    this.#recent.add(key);
    // Told of while it was being deleted: it is there again.
    const isStale = this.#outdated.delete(key) || file.again;
    if (outcome === 'replaced' || isStale) folder.putBack(file, this.#clock.now());
    else {
      this.#waiting.remove(waiting);
      if (outcome === 'kept') {
        this.#kept.add(key);
        this.#armSlowRetry();
      }
    }
    this.#measure();
    this.#tell(this.onUploaded, key);
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
        return (await local.isReplaced()) ? 'replaced' : 'kept';
      }
      this.#sync.add(path.dirname(local.path));
      if (mayBeReplaced) return (await local.removeUnlessReplaced()) ? 'gone' : 'replaced';
      await local.remove();
      return 'gone';
    } catch (err) {
      this.#options.log.error({ key, err }, 'an uploaded file cannot be deleted here');
      return 'kept';
    }
  }

  #failed(waiting: Waiting, attempt: Attempt, error: unknown): void {
    const { folder, file } = waiting;
    const now = this.#clock.now();
    const { scope, code, message, retryAfterMs } = uploadFailure(error, file.refusals);
    this.#failures++;
    this.#lastError = { at: now, code, message };
    this.#outdated.delete(folder.key(file));
    const isFirst = file.refusals++ === 0;
    if (scope === 'store' || scope === 'refused') {
      this.#away(attempt, scope === 'store' ? 'down' : 'refused', retryAfterMs);
      folder.putBack(file, now);
    } else if (scope === 'denied' && this.#health.mode === 'refused') {
      this.#away(attempt, 'refused', retryAfterMs);
      folder.putBack(file, now);
    } else {
      this.#answered(attempt);
      this.#park(waiting, 'the store will not have a file; it stays here and is tried again');
      if (scope === 'denied' && isFirst && ++this.#refusedInRow >= REFUSED_ALL) {
        this.#away(attempt, 'refused', retryAfterMs);
      }
    }
  }

  #away(attempt: Attempt, mode: 'down' | 'refused', retryAfterMs: number): void {
    const before = this.#health.mode;
    this.#health.failed(attempt, mode, retryAfterMs);
    if (this.#health.mode === before) return;
    const { code, message } = this.#lastError!;
    const { log } = this.#options;
    if (mode === 'down') log.warn({ code, message }, 'the store fails; uploads wait for it');
    else
      log.error({ code, message }, 'the store refuses everything; check its settings and rights');
  }

  #answered(attempt: Attempt): void {
    const before = this.#health.answered(attempt);
    if (before === undefined) return;
    const { count, bytes } = this.#waiting;
    this.#options.log.info({ files: count, bytes }, 'the store is back; what waits is uploaded');
    if (before === 'refused') this.#waiting.unpark(this.#clock.now());
  }

  #park(waiting: Waiting, reason: string): void {
    const { code, message } = this.#lastError!;
    this.#waiting.park(waiting);
    this.#armSlowRetry();
    this.#options.log.error({ key: waiting.folder.key(waiting.file), code, message }, reason);
  }

  #armSlowRetry(): void {
    if (this.#closed) return;
    this.#cancelSlowRetry ??= this.#clock.after(SLOW_RETRY_MS, () => {
      this.#cancelSlowRetry = undefined;
      this.#waiting.unpark(this.#clock.now());
      for (const key of this.#kept) if (!this.#options.keep?.(key)) this.offer(key);
      if (this.#kept.size > 0) this.#armSlowRetry();
      this.#start();
    });
  }

  /** An upload ended after its time: what it wrote may be older than what is there. */
  #late(key: string): void {
    if (objectRole(key) !== ObjectRole.manifest) return;
    if (this.#kept.has(key)) this.offer(key);
    else if (this.#find(key)?.file.state === 'active') this.#outdated.add(key);
  }

  /** Compares what waits with the limits, after it has changed. */
  #measure(): void {
    const { count, bytes } = this.#waiting;
    const { log } = this.#options;
    const facts = { files: count, bytes };
    switch (this.#highWater.update(bytes)) {
      case 'warning':
        log.warn(facts, 'much waits for upload; the disk will be full if this goes on');
        break;
      case 'full':
        log.error(facts, 'too much waits for upload: the high-water mark is passed');
        break;
      case 'released':
        log.info(facts, 'less waits for upload again');
        break;
    }
    const policy = this.#highWater.limits?.policy;
    if (!this.#highWater.isFull) this.#dropAgainAt = 0;
    else if (typeof policy === 'object' && !this.#dropping && bytes >= this.#dropAgainAt) {
      this.#dropping = true;
      void this.#dropOldest((key) => policy.dropOldest(key));
    }
  }

  /** Deletes the oldest segments of a class until there is room. Never rejects. */
  async #dropOldest(isOfClass: (key: string) => boolean): Promise<void> {
    const { log } = this.#options;
    let files = 0;
    let bytes = 0;
    for (const waiting of this.#waiting.idle((key) => isSegment(key) && isOfClass(key))) {
      if (!this.#highWater.isFull || this.#closed) break;
      const { folder, file } = waiting;
      // Its upload may have begun while others were deleted.
      if (file.state !== 'waiting' && file.state !== 'parked') continue;
      const key = folder.key(file);
      this.#waiting.drop(waiting);
      try {
        await unlink(this.#path(key)).catch(absent);
      } catch (err) {
        folder.putBack(file, file.readyMs);
        log.error({ key, err }, 'a file cannot be deleted to make room');
        continue;
      }
      this.#waiting.remove(waiting);
      this.#sync.add(path.dirname(this.#path(key)));
      this.#droppedFiles++;
      files++;
      bytes += file.size;
      this.#measure();
      this.#tell(this.onDropped, key);
    }
    if (files > 0) log.error({ files, bytes }, 'DELETED the oldest recordings, which no store has');
    this.#dropAgainAt = this.#waiting.bytes * DROP_AGAIN;
    this.#dropping = false;
    this.#start();
  }

  #tell(listener: ((key: string) => void) | undefined, key: string): void {
    try {
      listener?.(key);
    } catch (err) {
      this.#options.log.error({ key, err }, 'a listener of the spool failed');
    }
  }

  #find(key: string): Waiting | undefined {
    return this.#waiting.get(folderOf(key), nameOf(key));
  }

  #path(key: string): string {
    if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(key)) throw new Error(`"${key}" is no path below the root`);
    return path.join(this.#options.root, key);
  }
}

function isSegment(key: string): boolean {
  return objectRole(nameOf(key)) === ObjectRole.segment;
}

function folderOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
