import { type FileHandle, statfs } from 'node:fs/promises';
import { makeWritable } from '../files/writable-folder.ts';
import { dayEndUs } from '../layout/day.ts';
import { dayStartOf } from '../layout/day-path.ts';
import { folderOf, nameOf } from '../layout/object-path.ts';
import { ObjectRole, objectRole } from '../layout/object-role.ts';
import { streamOfFolder } from '../layout/stream-folder.ts';
import { streamMatcher } from '../layout/stream-pattern.ts';
import type { SpoolLimits } from './spool/high-water.ts';
import { Spool } from './spool/spool.ts';
import type { SpoolLog, SpoolState } from './spool/spool-options.ts';
import type { SpoolStore } from './spool/timed-put.ts';
import type { BucketConfig, SpoolConfig } from './storage-options.ts';
import { checkStore } from './stores/check-store.ts';
import { openStore } from './stores/open-store.ts';
import { PutOnce } from './stores/put-once.ts';
import { type Store, StoreError } from './stores/store.ts';

/** A warning is given when this share of what may wait does. */
const WARN_AT = 0.5;
/** How long a day's manifests and initialization segments stay here after its end, ms. */
const KEEP_AFTER_DAY_MS = 600_000;
/** How long stopping waits for the remaining uploads, and then for those in progress, ms. */
const DRAIN_MS = 2_500;
const END_MS = 1_000;

/** How a {@link SpooledStore} is opened. */
export interface SpooledStoreOptions {
  config: BucketConfig;
  /** Do not ask the store whether it can be used. */
  offline: boolean;
  log: SpoolLog;
}

/**
 * A bucket with the spool before it: recordings are written to a folder of this disk, and leave it
 * once the bucket has them.
 *
 * It lives in the main thread. An upload is a few milliseconds of CPU for megabytes, nearly all of it
 * checksum and signature, so that 50 streams take some hundredths of a core; in the workers it would
 * delay packets, and a thread of its own would need a way to read through the spool.
 */
export class SpooledStore {
  /** Folder that recordings are written to. */
  readonly root: string;
  readonly store: Store;
  /** Puts what must never be replaced. */
  readonly once: PutOnce;
  /** Told of each object once the store has it. */
  onUploaded: ((key: string) => void) | undefined;
  /** Told of each segment that was deleted unstored to make room. */
  onDropped: ((key: string) => void) | undefined;
  /** Told when {@link accepts} changes. */
  onAccepts: ((accepts: boolean) => void) | undefined;

  readonly #config: SpoolConfig;
  readonly #log: SpoolLog;
  /** Bytes that may wait; undefined before uploads began. */
  maxWaitingBytes: number | undefined;
  /** Segments that no manifest on this disk names: a crash must find them here. */
  readonly #unnamed = new Set<string>();
  #spool: Spool | undefined;
  #isChecked = false;

  private constructor(store: Store, { config, log }: SpooledStoreOptions) {
    this.store = store;
    this.once = new PutOnce(store);
    this.once.onConditionRefused = ({ code }) => this.#warnOfNoCondition(code);
    this.root = config.spool.folder;
    this.#config = config.spool;
    this.#log = log;
  }

  /**
   * Opens the store, makes the folder, and makes sure that the bucket can be used.
   * @throws Error with the provider's code and what to change
   */
  static async open(options: SpooledStoreOptions): Promise<SpooledStore> {
    const { config, offline, log } = options;
    const store = await openStore(config);
    const spooled = new SpooledStore(store, options);
    try {
      await makeWritable(config.spool.folder, 'recorder.storage.spool_dir', log);
      if (offline) log.warn({ store: store.name }, 'started offline: the bucket was not checked');
      else await spooled.#check();
      return spooled;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /**
   * Begins to upload what waits. Call it after a crash was recovered from and before anything is
   * recorded.
   * @param store puts what the spool uploads
   * @throws the file system's error
   */
  async startUploads(store: SpoolStore): Promise<void> {
    const limits = await limitsOf(this.#config);
    this.maxWaitingBytes = Math.floor(limits.highWaterBytes);
    const spool = await Spool.open({
      root: this.root,
      store,
      log: this.#log,
      limits,
      keep: (key) => this.#keep(key),
    });
    spool.onUploaded = (key) => {
      this.onUploaded?.(key);
      if (!this.#isChecked) void this.#checkLate();
    };
    spool.onDropped = (key) => this.onDropped?.(key);
    spool.onAccepts = (accepts) => this.onAccepts?.(accepts);
    this.#spool = spool;
  }

  /** A segment was committed. */
  addSegment(key: string): void {
    this.#unnamed.add(key);
    this.#spool?.offer(key);
  }

  /** An initialization segment was committed. */
  addInitialization(key: string): void {
    this.#spool?.offer(key);
  }

  /** A manifest was replaced, and names segments that none named before. */
  addManifest(key: string, segments: string[]): void {
    for (const segment of segments) {
      this.#unnamed.delete(segment);
      this.#spool?.release(segment);
    }
    this.#spool?.offer(key);
  }

  /**
   * Whether the store has an object: undefined for one that was dropped, or that nothing was heard of
   * for long; see {@link Spool.uploaded}.
   */
  uploaded(key: string): boolean | undefined {
    return this.#spool === undefined ? false : this.#spool.uploaded(key);
  }

  /** Keys of everything that is not in the store. */
  waiting(): Iterable<string> {
    return this.#spool?.waiting() ?? [];
  }

  /** Opens an object that is still here, see {@link Spool.open}. */
  async openLocal(key: string): Promise<FileHandle | undefined> {
    return this.#spool?.open(key);
  }

  /** False when nothing new should be recorded. */
  get accepts(): boolean {
    return this.#spool?.accepts() ?? true;
  }

  /** How uploading goes; undefined before it began. */
  state(): SpoolState | undefined {
    return this.#spool?.state();
  }

  /** Uploads what it can within a few seconds, and gives everything free. */
  async close(): Promise<void> {
    const spool = this.#spool;
    if (spool !== undefined) {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, DRAIN_MS);
      await Promise.race([spool.drained(), late]);
      clearTimeout(timer);
      await spool.close(END_MS);
    }
    await this.store.close();
  }

  /** After a start without a check: the store has come. */
  async #checkLate(): Promise<void> {
    this.#isChecked = true;
    try {
      await this.#check();
    } catch (error) {
      const { message: reason } = error as Error;
      this.#log.warn({ reason }, 'the store accepts files but fails its check');
    }
  }

  async #check(): Promise<void> {
    this.#isChecked = true;
    try {
      const found = await checkStore(this.store);
      this.once.isEnforced = found.refusesToReplace;
      if (found.refusesToReplace) return;
      this.once.isConditionRefused = found.conditionRefused !== undefined;
      this.#warnOfNoCondition(found.conditionRefused);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new Error(
        `[recorder.storage]: ${error.message}. Or record without it for now: --offline`,
      );
    }
  }

  /** @param code with which the store refuses the condition; it passes over it where absent */
  #warnOfNoCondition(code: string | undefined): void {
    this.#log.warn(
      { store: this.store.name, ...(code !== undefined && { code }) },
      'the store does not support conditional puts (If-None-Match, x-oss-forbid-overwrite): each name is looked up before it is uploaded, so do not let another recorder write to this bucket and root',
    );
  }

  #keep(key: string): boolean {
    if (objectRole(nameOf(key)) === ObjectRole.segment) return this.#unnamed.has(key);
    const startUs = dayStartOf(folderOf(key));
    if (startUs === undefined) return false;
    return dayEndUs(startUs) / 1000 + KEEP_AFTER_DAY_MS > Date.now();
  }
}

async function limitsOf({ folder, limit, full }: SpoolConfig): Promise<SpoolLimits> {
  let highWaterBytes: number;
  if ('bytes' in limit) highWaterBytes = limit.bytes;
  else {
    const { blocks, bsize } = await statfs(folder);
    highWaterBytes = blocks * bsize * limit.share;
  }
  const drops = full === 'stop' ? undefined : streamMatcher(full.dropStreams);
  return {
    highWaterBytes,
    warnBytes: highWaterBytes * WARN_AT,
    policy: drops ? { dropOldest: (key) => drops(streamOfFolder(folderOf(key))) } : 'stop',
  };
}
