import { setImmediate } from 'node:timers/promises';
import type { DeletionReport } from '../facts/deletion-report.ts';
import type { FreeSpace } from '../files/free-space.ts';
import type { SpaceReserve } from '../files/space-reserve.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { DeletableFiles } from './deletable-files.ts';
import { deletionGroups } from './deletion-groups.ts';
import {
  type Deletion,
  type DeletionPlan,
  type KeepReason,
  type KeptReason,
  planDeletions,
  type UnmetLimit,
} from './deletion-plan.ts';
import { Deletions } from './deletions.ts';
import type { FolderEditor } from './folder-editor.ts';
import { Holds } from './holds.ts';
import type { Protections } from './protections.ts';
import { deletesAnything, type RetentionRules } from './retention-rules.ts';

/** Options of a {@link MediaRetention}. */
export interface MediaRetentionOptions {
  index: SegmentIndex;
  catalogue: RecordCatalogue;
  protections: Protections;
  rules: RetentionRules;
  editor: FolderEditor;
  files: DeletableFiles;
  /** The disk of the recordings. @throws the file system's error */
  freeSpace(): Promise<FreeSpace>;
  /** Space for the journals while the disk is full; absent if nothing is recorded to a disk for long. */
  reserve?: SpaceReserve;
  /**
   * Present if old rows may have been dropped from the index while files were kept: then what is oldest
   * is not known, so rules that delete wait until this has completed it.
   * @returns false if it could not
   */
  completeIndex?(): Promise<boolean>;
  /** Target duration of segments, seconds: players are so far behind the present. */
  segmentSeconds: number;
  /** Called for each stream and reason once files are gone. */
  onDeleted?(report: DeletionReport): void;
  /** Resolves when what it was told would survive a crash. Never rejects. */
  reported?(): Promise<void>;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** What was deleted since the start, and what is about to be. */
export interface RetentionFigures {
  deletedSegments: number;
  deletedBytes: number;
  /** Segments that are listed no more and whose files are still there. */
  leavingSegments: number;
  leavingBytes: number;
  /** Limits that cannot be met. */
  unmetLimits: number;
}

/** What a request deletes, and what it leaves. */
export interface RangeDeletion {
  deletions: Deletion[];
  kept: Partial<Record<KeptReason, Deletion[]>>;
}

/** Interval between sweeps, ms. */
const SWEEP_MS = 5_000;
/** Share of `min_free` that is freed beyond it, so that not every sweep has to. */
const FREE_SLACK = 0.05;
/** A limit that cannot be met is told again after this, µs. */
const TELL_AGAIN_US = 3_600e6;
/** How long files stay at most while the disk is nearly full, µs. */
const URGENT_GRACE_US = 10e6;
/** Segments younger than so many segments, and this, are not deleted: players are there. */
const LIVE_SEGMENTS = 4;
const LIVE_US = 20e6;
const NOT_WHOLE =
  'no recordings are deleted by rules, because the index lacks some of them; the next reload or start tries again';
/** Segments that a request may delete. */
const MOST_SEGMENTS = 200_000;

/**
 * Deletes recordings by the rules of the configuration, and on request. Whole segments leave, and
 * sound and picture together; index, catalogue, manifest and files change in an order that may be
 * interrupted anywhere, see {@link Deletions}.
 */
export class MediaRetention {
  /** What must not be deleted while it is read. */
  readonly holds = new Holds();
  readonly protections: Protections;
  readonly #options: MediaRetentionOptions;
  readonly #deletions: Deletions;
  #rules: RetentionRules;
  /** The latest ones, which may wait for the index. */
  #wanted: RetentionRules;
  #isIndexWhole: boolean;
  #completing: Promise<void> | undefined;
  #figures = { deletedSegments: 0, deletedBytes: 0 };
  #unmet: UnmetLimit[] = [];
  #unmetToldUs = Number.NEGATIVE_INFINITY;
  #isUrgent = false;
  #isFailing = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  /** Plans and changes of protections, one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MediaRetentionOptions) {
    this.#options = options;
    this.protections = options.protections;
    this.#rules = options.rules;
    this.#wanted = options.rules;
    this.#isIndexWhole = options.completeIndex === undefined;
    const { index, catalogue, editor, files, now, log } = options;
    this.#deletions = new Deletions({
      ...{ index, catalogue, editor, files, now, log },
      keepReason: this.#keepReason,
      isBeingRead: (...stretch) => this.holds.covers(...stretch),
      graceUs: () => {
        const graceUs = this.#rules.graceSeconds * 1e6;
        return this.#isUrgent ? Math.min(graceUs, URGENT_GRACE_US) : graceUs;
      },
      onDeleted: (report) => {
        this.#figures.deletedSegments += report.segments;
        this.#figures.deletedBytes += report.bytes;
        options.onDeleted?.(report);
      },
      reported: async () => options.reported?.(),
    });
  }

  /** What was deleted since the start, and what is about to be. */
  get figures(): RetentionFigures {
    const { segments, bytes } = this.#deletions.pending;
    return {
      ...this.#figures,
      leavingSegments: segments,
      leavingBytes: bytes,
      unmetLimits: this.#unmet.length,
    };
  }

  /**
   * Changes the rules; the next sweep follows them. The first ones that delete anything wait for the
   * index, see {@link MediaRetentionOptions.completeIndex}.
   */
  apply(rules: RetentionRules): void {
    this.#wanted = rules;
    if (this.#isIndexWhole || !deletesAnything(rules)) this.#rules = rules;
    else this.#completing ??= this.#completeIndex();
  }

  async #completeIndex(): Promise<void> {
    const { completeIndex, log } = this.#options;
    log.info({}, '[recorder.retention] takes effect once the index has all recordings');
    if ((await completeIndex?.()) === false) {
      if (!this.#isStopped) log.error({}, NOT_WHOLE);
      this.#completing = undefined;
      return;
    }
    this.#isIndexWhole = true;
    this.#rules = this.#wanted;
  }

  /** Finishes what a crash interrupted, and sweeps every five seconds. */
  start(): void {
    const sweep = () => {
      this.sweep().then(
        () => {
          this.#isFailing = false;
        },
        (err: unknown) => {
          // Once, however long the disk stays as it is.
          if (!this.#isFailing) {
            this.#options.log.error({ err }, 'cannot delete old recordings; trying again');
          }
          this.#isFailing = true;
        },
      );
    };
    this.#timer = setInterval(sweep, SWEEP_MS).unref();
    sweep();
  }

  /** Begins nothing more; resolves when nothing is in progress. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#turn;
    await this.#working;
  }

  /**
   * Deletes what the rules name.
   * @param isPatient waits until it is worthwhile, since each sweep rewrites manifests
   * @returns what it began to delete
   * @throws the file system's error if the index cannot be written
   */
  async sweep(isPatient = true): Promise<DeletionPlan> {
    const plan = await this.#inTurn(async () => {
      const planned = await this.#plan(isPatient);
      await this.#begin(planned.deletions);
      this.#tellUnmet(planned);
      return planned;
    });
    await this.work();
    const isIdle = !this.#isUrgent && this.#deletions.pending.segments === 0;
    if (isIdle && deletesAnything(this.#rules)) {
      await this.#options.reserve?.fill();
    }
    return plan;
  }

  /** What {@link sweep} would delete now. */
  dryRun(): Promise<DeletionPlan> {
    return this.#inTurn(() => this.#plan(false));
  }

  /**
   * Deletes what lies wholly within a stretch of a stream, except what is protected or being read.
   * @param endUs exclusive, µs since the Unix epoch like `startUs`
   * @param isDryRun only tells what it would do
   * @returns undefined if there are too many segments for one request
   * @throws the file system's error if the index cannot be written
   */
  async deleteRange(
    stream: string,
    startUs: number,
    endUs: number,
    isDryRun: boolean,
  ): Promise<RangeDeletion | undefined> {
    const result = await this.#inTurn(async () => {
      const rows = this.#options.index.listed({ stream, startUs, endUs, limit: MOST_SEGMENTS + 1 });
      if (rows.length > MOST_SEGMENTS) return undefined;
      const found: RangeDeletion = { deletions: [], kept: {} };
      for (const group of deletionGroups(rows)) {
        if (group.startUs < startUs || group.endUs > endUs) continue;
        const deletion: Deletion = { ...group, reason: 'request' };
        const kept = this.#keepReason(stream, group.startUs, group.endUs);
        if (kept === undefined) found.deletions.push(deletion);
        else {
          found.kept[kept] ??= [];
          found.kept[kept].push(deletion);
        }
      }
      if (!isDryRun) await this.#begin(found.deletions);
      return found;
    });
    if (!isDryRun) void this.work();
    return result;
  }

  /** Deletes segments whose files are gone already. @throws as {@link sweep} */
  async deleteMissing(deletions: readonly Deletion[]): Promise<void> {
    await this.#inTurn(() => this.#begin(deletions));
  }

  /** Protects a stretch of a stream; what is being deleted already is not kept. */
  protect(stream: string, startUs: number, endUs: number, note: string) {
    const createdUs = this.#options.now();
    return this.#inTurn(() => this.protections.add({ stream, startUs, endUs, note, createdUs }));
  }

  /** Ends a protection. @returns undefined if there is none with this id */
  unprotect(id: string) {
    return this.#inTurn(() => this.protections.remove(id));
  }

  /** Goes on with what is being deleted. Never rejects. */
  async work(): Promise<void> {
    this.#working ??= this.#deletions
      .work()
      .catch((err: unknown) => {
        this.#options.log.error({ err }, 'cannot delete recordings; trying again');
      })
      .finally(() => {
        this.#working = undefined;
      });
    await this.#working;
  }

  /** Makes space for the journal if the disk is full. */
  async #begin(deletions: readonly Deletion[]): Promise<void> {
    try {
      await this.#deletions.begin(deletions);
    } catch (error) {
      const { reserve } = this.#options;
      if (reserve === undefined || (error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      await reserve.free();
      await this.#deletions.begin(deletions);
    }
  }

  async #plan(isPatient: boolean): Promise<DeletionPlan> {
    const { index, now, segmentSeconds } = this.#options;
    const missingBytes = await this.#missingBytes(isPatient);
    // Planning may take some milliseconds: what waits goes first.
    await setImmediate();
    return planDeletions(index, this.#rules, {
      nowUs: now(),
      liveUs: LIVE_SEGMENTS * segmentSeconds * 1e6 + LIVE_US,
      keepReason: this.#keepReason,
      missingBytes,
      isPatient,
    });
  }

  /** What is missing on the disk until `min_free` is met. */
  async #missingBytes(isPatient: boolean): Promise<number> {
    const { freeSpace } = this.#options;
    const { minFree } = this.#rules;
    if (minFree === undefined) return 0;
    const { freeBytes, totalBytes } = await freeSpace();
    const wanted = 'bytes' in minFree ? minFree.bytes : totalBytes * minFree.share;
    this.#isUrgent = freeBytes < wanted / 2;
    const missing = wanted - freeBytes - this.#deletions.pending.bytes;
    return missing > 0 && isPatient ? missing + wanted * FREE_SLACK : missing;
  }

  readonly #keepReason: KeepReason = (stream, startUs, endUs) => {
    if (this.protections.covers(stream, startUs, endUs)) return 'protected';
    return this.holds.covers(stream, startUs, endUs) ? 'in_use' : undefined;
  };

  #tellUnmet({ unmet, kept }: DeletionPlan): void {
    const { log, now } = this.#options;
    const isNew = unmet.length > this.#unmet.length;
    const wasUnmet = this.#unmet.length > 0;
    this.#unmet = unmet;
    if (unmet.length === 0) {
      if (wasUnmet) log.info({}, 'the limits of [recorder.retention] are met again');
      return;
    }
    if (!isNew && now() - this.#unmetToldUs < TELL_AGAIN_US) return;
    this.#unmetToldUs = now();
    for (const { rule, bytes } of unmet) {
      log.error(
        { rule, bytes, protected_bytes: kept.protected ?? 0, in_use_bytes: kept.in_use ?? 0 },
        `[recorder.retention] ${rule} cannot be met: all that may be deleted is deleted, and the rest is protected, in use or just recorded; remove protections, or free space otherwise`,
      );
    }
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
