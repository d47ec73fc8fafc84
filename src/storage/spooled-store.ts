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

/** A warning is logged when this share of the limit waits. */
const WARN_AT = 0.5;
/** How long manifests and initialization segments of a day stay here after its end, ms. */
const KEEP_AFTER_DAY_MS = 600_000;
/** How long stopping waits for the remaining uploads, and then for those in progress, ms. */
const DRAIN_MS = 2_500;
const END_MS = 1_000;

/** Options of a {@link SpooledStore}. */
export interface SpooledStoreOptions {
  config: BucketConfig;
  /** Skip the check of the store. */
  offline: boolean;
  log: SpoolLog;
}

/**
 * A bucket with its spool: recordings are written to a local folder and removed from it once the
 * bucket has them.
 *
 * It runs in the main thread. An upload takes a few milliseconds of CPU time for megabytes, mostly
 * for checksum and signature, so that 50 streams use some hundredths of a core. In the workers it
 * would delay packets, and a thread of its own would need a way to read through the spool.
 */
export class SpooledStore {
  /** Folder to which recordings are written. */
  readonly root: string;
  readonly store: Store;
  /** Uploads objects that must never be replaced. */
  readonly once: PutOnce;
  /** Called for each object once the store has it. */
  onUploaded: ((key: string) => void) | undefined;
  /** Called for each segment that was deleted without upload to free space. */
  onDropped: ((key: string) => void) | undefined;
  /** Called when {@link accepts} changes. */
  onAccepts: ((accepts: boolean) => void) | undefined;

  readonly #config: SpoolConfig;
  readonly #log: SpoolLog;
  /** Maximum number of bytes that may wait; undefined before uploads began. */
  maxWaitingBytes: number | undefined;
  /** Segments that no manifest on this disk names: the recovery after a crash needs them here. */
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
   * Opens the store, creates the folder, and checks that the bucket can be used.
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
   * Begins to upload. Call it after the crash recovery and before any recording.
   * @param store to which the spool uploads
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

  /** A manifest was replaced and names new segments. */
  addManifest(key: string, segments: string[]): void {
    for (const segment of segments) {
      this.#unnamed.delete(segment);
      this.#spool?.release(segment);
    }
    this.#spool?.offer(key);
  }

  /**
   * Whether the store has an object: undefined if it was dropped or is no longer known; see
   * {@link Spool.uploaded}.
   */
  uploaded(key: string): boolean | undefined {
    return this.#spool === undefined ? false : this.#spool.uploaded(key);
  }

  /** See {@link Spool.discard}. */
  async discard(key: string): Promise<'gone' | 'busy'> {
    const outcome = (await this.#spool?.discard(key)) ?? 'busy';
    if (outcome === 'gone') this.#unnamed.delete(key);
    return outcome;
  }

  /** Keys of all objects that are not in the store. */
  waiting(): Iterable<string> {
    return this.#spool?.waiting() ?? [];
  }

  /** Opens an object that is still here, see {@link Spool.open}. */
  async openLocal(key: string): Promise<FileHandle | undefined> {
    return this.#spool?.open(key);
  }

  /** False if no new recording should begin. */
  get accepts(): boolean {
    return this.#spool?.accepts() ?? true;
  }

  /** State of the uploads; undefined before they began. */
  state(): SpoolState | undefined {
    return this.#spool?.state();
  }

  /** Uploads as much as possible within a few seconds, then releases all resources. */
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

  /** Checks a store that was unavailable at an offline start. */
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

  /** @param code with which the store refuses the condition; absent if it ignores the condition */
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
