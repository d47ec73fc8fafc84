import { existsSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, systemClock } from '../../clock/clock.ts';
import { absent } from '../../files/absent.ts';
import { SENT_SUFFIX } from '../../layout/file-names.ts';
import { filePath, folderOf, nameOf } from '../../layout/object-path.ts';
import { ObjectRole, objectRole } from '../../layout/object-role.ts';
import { FolderSync } from './folder-sync.ts';
import { HighWater } from './high-water.ts';
import type { SpoolOptions, SpoolState } from './spool-options.ts';
import { findFile, walkSpool } from './spool-tree.ts';
import { Uploader } from './uploader.ts';
import { WaitingFiles } from './waiting-files.ts';

/** A file that waits longer than this is late, ms. */
const LATE_MS = 60_000;
/**
 * If not enough could be dropped, the next search begins when the waiting bytes have grown by this
 * factor.
 */
const DROP_AGAIN = 1.01;
/** Default time that closing waits for uploads in progress, ms. */
const CLOSE_GRACE_MS = 5_000;

/**
 * The upload queue between local recording and a remote store. The tree of committed files is
 * itself the queue: a file stays until the store has it, so nothing is lost whenever the process
 * ends, and there is no second account to keep consistent. A key is a path below the root.
 *
 * A manifest in the store never names files that are not there: before its text is uploaded, every
 * file that its folder contained when the text was read must have been uploaded.
 */
export class Spool {
  /** Called for each file once the store has it. */
  onUploaded: ((key: string) => void) | undefined;
  /**
   * Called for each file that was deleted without upload to free space. Its manifest still names
   * it.
   */
  onDropped: ((key: string) => void) | undefined;

  /** Called when {@link accepts} changes. */
  onAccepts: ((accepts: boolean) => void) | undefined;

  readonly #options: SpoolOptions;
  readonly #clock: Clock;
  readonly #waiting = new WaitingFiles();
  readonly #highWater: HighWater;
  readonly #sync: FolderSync;
  readonly #uploader: Uploader;
  #dropping = false;
  /** Bytes waiting above which another search for files to drop is worthwhile. */
  #dropAgainAt = 0;
  #droppedFiles = 0;
  #accepted = true;
  #closed = false;
  #idleWaiters: (() => void)[] = [];

  private constructor(options: SpoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#highWater = new HighWater(options.limits);
    this.#sync = new FolderSync(this.#clock, options.log);
    this.#uploader = new Uploader(options, this.#waiting, this.#sync, {
      stored: (key) => this.#tell(this.onUploaded, key),
      found: (key) => this.offer(key),
      changed: () => this.#measure(),
      idle: () => this.#wakeIdle(),
    });
  }

  /**
   * Finds the files below the root and begins to upload them. Call it after the crash recovery and
   * before any recording: the files it finds must not change any more.
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
    spool.#uploader.start();
    return spool;
  }

  /**
   * Adds a committed file or a replaced manifest to the queue. May be called repeatedly and in any
   * order; a file that is already gone is ignored.
   * @throws Error for a key that is not a path below the root
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
      this.#uploader.kept.delete(key);
      return;
    }
    const known = this.#waiting.find(key);
    if (known === undefined) {
      this.#uploader.kept.delete(key);
      this.#waiting.add(folder, name, found.size, found.committedMs);
    } else {
      this.#waiting.resize(known.file, found.size);
      known.file.again = true;
    }
    this.#measure();
    this.#uploader.start();
  }

  /**
   * Allows the deletion of a file that never changes and for which `keep` returned true so far: it
   * is deleted when the store has it. Call it after `keep` has begun to return false.
   */
  release(key: string): void {
    if (!this.#uploader.kept.delete(key)) return;
    const file = this.#path(key);
    unlink(file)
      .catch(absent)
      .then(() => this.#sync.add(path.dirname(file)))
      .catch((err) =>
        this.#options.log.error({ key, err }, 'an uploaded file cannot be deleted from this disk'),
      );
  }

  /**
   * Whether the store has a file: false while it waits here, true once it is uploaded, undefined if
   * it is unknown or was uploaded too long ago (at least the last 20,000 files are remembered).
   */
  uploaded(key: string): boolean | undefined {
    if (this.#waiting.find(key) !== undefined) return false;
    if (this.#uploader.kept.has(key) || this.#uploader.recent.has(key)) return true;
    return existsSync(this.#path(key)) ? false : undefined;
  }

  /**
   * Opens a file that is still here, for reading. It can be read to its end even if it is deleted
   * meanwhile. The caller closes it.
   * @returns undefined if the file is not here: then the store has it, if it exists
   * @throws the file system's error; Error for a key that is not a path below the root
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

  /**
   * Deletes a file that is here and is not to be in the store, uploaded or not. Its manifest must
   * not name it any more.
   * @returns `busy` while it is being uploaded: then the store may have it soon
   * @throws the file system's error
   */
  async discard(key: string): Promise<'gone' | 'busy'> {
    const waiting = this.#waiting.find(key);
    if (waiting?.file.state === 'active' || this.#uploader.isOverdue(key)) return 'busy';
    if (waiting !== undefined) this.#waiting.drop(waiting);
    const file = this.#path(key);
    try {
      await unlink(file).catch(absent);
    } catch (error) {
      if (waiting !== undefined) waiting.folder.putBack(waiting.file, waiting.file.readyMs);
      throw error;
    }
    this.#uploader.kept.delete(key);
    this.#sync.add(path.dirname(file));
    if (waiting !== undefined) {
      this.#waiting.remove(waiting);
      this.#measure();
      this.#uploader.start();
    }
    return 'gone';
  }

  /** False if no new recording should begin, because the high-water mark is passed. */
  accepts(): boolean {
    return !this.#highWater.isFull || this.#dropping;
  }

  /** Keys of all files that are not in the store, including parked ones. */
  waiting(): Iterable<string> {
    return this.#waiting.keys();
  }

  /** The current state; its cost is proportional to the number of folders. */
  state(): SpoolState {
    const { count, bytes, parked, oldestMs } = this.#waiting;
    const { lastError, throughput, uploadedFiles, failures } = this.#uploader;
    return {
      state: this.#stateName(oldestMs),
      waitingFiles: count,
      waitingBytes: bytes,
      parkedFiles: parked,
      ...(oldestMs !== undefined && { oldestMs }),
      ...(lastError !== undefined && { lastError }),
      bytesPerSecond: throughput.bytesPerSecond(this.#clock.now()),
      uploadedFiles,
      failures,
      droppedFiles: this.#droppedFiles,
    };
  }

  /**
   * Retries parked files and an unavailable store at once, for example after an operator has solved
   * a problem.
   */
  retryParked(): void {
    this.#uploader.retryNow();
  }

  /**
   * Resolves once all files are uploaded except parked ones and the manifests that wait for them.
   */
  async drained(): Promise<void> {
    while (!this.#uploader.isIdle || this.#dropping) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
    await this.#sync.flush();
  }

  /**
   * Stops uploading. What is left is found at the next start, including uploads that do not end in
   * time.
   * @param graceMs for uploads in progress, ms
   */
  async close(graceMs = CLOSE_GRACE_MS): Promise<void> {
    this.#closed = true;
    this.#uploader.close();
    let isOver = false;
    const cancel = this.#clock.after(graceMs, () => {
      isOver = true;
      this.#wakeIdle();
    });
    while ((this.#uploader.active > 0 || this.#dropping) && !isOver) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
    cancel();
    await this.#sync.flush();
  }

  #stateName(oldestMs: number | undefined): SpoolState['state'] {
    if (!this.accepts()) return 'full';
    const { mode } = this.#uploader;
    if (mode === 'refused' || this.#waiting.parked > 0 || this.#highWater.isWarning) return 'alarm';
    const isLate = oldestMs !== undefined && this.#clock.now() - oldestMs > LATE_MS;
    return mode === 'down' || isLate ? 'delayed' : 'ok';
  }

  #wakeIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Compares the waiting bytes with the limits after a change. */
  #measure(): void {
    const { count, bytes } = this.#waiting;
    const { log } = this.#options;
    const facts = { files: count, bytes };
    switch (this.#highWater.update(bytes)) {
      case 'warning':
        log.warn(facts, 'much data is waiting for upload; the disk will be full if this continues');
        break;
      case 'full':
        log.error(facts, 'too much data is waiting for upload: the high-water mark is passed');
        break;
      case 'released':
        log.info(facts, 'less data is waiting for upload again');
        break;
    }
    const policy = this.#highWater.limits?.policy;
    if (!this.#highWater.isFull) this.#dropAgainAt = 0;
    else if (typeof policy === 'object' && !this.#dropping && bytes >= this.#dropAgainAt) {
      this.#dropping = true;
      void this.#dropOldest((key) => policy.dropOldest(key));
    }
    this.#tellAccepts();
  }

  /** Deletes the oldest segments that may be dropped until there is enough space. Never rejects. */
  async #dropOldest(isOfClass: (key: string) => boolean): Promise<void> {
    const { log } = this.#options;
    let files = 0;
    let bytes = 0;
    for (const waiting of this.#waiting.idle((key) => isSegment(key) && isOfClass(key))) {
      if (!this.#highWater.isFull || this.#closed) break;
      const { folder, file } = waiting;
      // Its upload may have begun while other files were deleted.
      if (file.state !== 'waiting' && file.state !== 'parked') continue;
      const key = folder.key(file);
      this.#waiting.drop(waiting);
      try {
        await unlink(this.#path(key)).catch(absent);
      } catch (err) {
        folder.putBack(file, file.readyMs);
        log.error({ key, err }, 'a file cannot be deleted to make space');
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
    if (files > 0) log.error({ files, bytes }, 'DELETED the oldest recordings without upload');
    this.#dropAgainAt = this.#waiting.bytes * DROP_AGAIN;
    this.#dropping = false;
    this.#tellAccepts();
    this.#uploader.start();
  }

  #tellAccepts(): void {
    const accepts = this.accepts();
    if (accepts === this.#accepted) return;
    this.#accepted = accepts;
    this.onAccepts?.(accepts);
  }

  #tell(listener: ((key: string) => void) | undefined, key: string): void {
    try {
      listener?.(key);
    } catch (err) {
      this.#options.log.error({ key, err }, 'a listener of the spool failed');
    }
  }

  #path(key: string): string {
    if (/(?:^|\/)\.{0,2}(?:\/|$)/.test(key))
      throw new Error(`"${key}" is not a path below the root`);
    return filePath(this.#options.root, key);
  }
}

function isSegment(key: string): boolean {
  return objectRole(nameOf(key)) === ObjectRole.segment;
}
