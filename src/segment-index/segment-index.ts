import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import type { Segment } from '../facts/segment.ts';
import { makeFolder } from '../files/durable-file.ts';
import { JournalLock } from '../files/process-lock.ts';
import { GroupCommit } from '../journal/group-commit.ts';
import { Journal, type JournalLog, type JournalRewrite } from '../journal/journal.ts';
import { atOnce, stepByStep } from '../journal/stepwise.ts';
import { checkSegment } from './segment-check.ts';
import type { FolderSummary } from './segment-folder.ts';
import { encodeEntry, type SegmentEntry, segmentJournal } from './segment-journal.ts';
import { segmentPage } from './segment-page.ts';
import type { SegmentQuery } from './segment-query.ts';
import { SegmentTable } from './segment-table.ts';
import { SegmentWaiters } from './segment-waiters.ts';

export type { FolderSummary } from './segment-folder.ts';
export type { SegmentQuery } from './segment-query.ts';

/** How a segment index is opened. */
export interface SegmentIndexOptions {
  /** The journal file; made with its folder where it does not exist. */
  journalPath: string;
  /** Name of this node in every segment it lists. */
  nodeAlias: string;
  log: JournalLog;
  /** µs since the Unix epoch; the steady clock where left out. */
  now?: () => number;
}

/** Rows that are copied to a new journal without a rest: about a millisecond. */
const copiedRows = 500;
/** The journal is rewritten once it holds so many lines of dropped segments, and more than of live ones. */
const compactAfterRows = 10_000;

type Change =
  | { type: 'segment'; segment: Segment; uploaded: boolean }
  | { type: 'evict'; beforeUs: number }
  | { type: 'remove'; createdAt: number };

/**
 * All segments of this node, for `GET /api/record/segments`. Queries are answered from
 * memory; every change is in the journal before it can be seen.
 */
export class SegmentIndex {
  readonly #table: SegmentTable;
  readonly #waiters = new SegmentWaiters();
  readonly #commits = new GroupCommit<Change, number>((changes) => this.#commit(changes));
  readonly #lock: JournalLock;
  readonly #log: JournalLog;
  readonly #now: () => number;
  #journal!: Journal;
  /** The newest `created_at` that was ever given, µs. */
  #lastCreatedAt = 0;
  /** Lines of the journal that stand for segments since dropped. */
  #droppedLines = 0;
  #evicting: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(options: SegmentIndexOptions, lock: JournalLock) {
    this.#table = new SegmentTable(options.nodeAlias);
    this.#lock = lock;
    this.#log = options.log;
    this.#now = options.now ?? steadyNowUs;
  }

  /**
   * Opens the journal and loads what it holds.
   * @throws Error when another process has it open, when the file is not a journal, or when it
   * cannot be read
   */
  static async open(options: SegmentIndexOptions): Promise<SegmentIndex> {
    await makeFolder(dirname(options.journalPath));
    const lock = await JournalLock.take(
      `${options.journalPath}.lock`,
      'the segment index',
      options.log,
    );
    try {
      const index = new SegmentIndex(options, lock);
      index.#journal = await Journal.open({
        path: options.journalPath,
        format: segmentJournal,
        log: options.log,
        onHeader: ({ lastStamp }) => {
          index.#lastCreatedAt = Math.max(index.#lastCreatedAt, lastStamp);
        },
        onEntry: (entry) => index.#load(entry),
      });
      return index;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** How many segments are listed. */
  get size(): number {
    return this.#table.rows;
  }

  /** Lines of the journal that could not be read when it was opened. */
  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /**
   * Makes sure that no `created_at` up to a time is given from now on. After the journal was lost
   * nobody knows which ones were.
   * @param us µs since the Unix epoch
   */
  raiseCursor(us: number): void {
    this.#lastCreatedAt = Math.max(this.#lastCreatedAt, Math.ceil(us));
  }

  /** The newest `created_at` that was given, µs since the Unix epoch; 0 before any. */
  get lastCreatedAt(): number {
    return this.#lastCreatedAt;
  }

  /** How many calls of {@link waitForNewer} wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Lists a segment, once it is durable in the journal. Calls at the same time share one sync.
   * @param uploaded false for one that waits for its upload, see {@link setUploaded}
   * @returns its `created_at`: µs since the Unix epoch, greater than any given before
   * @throws TypeError or RangeError for a field that cannot be; Error of the file system when the
   * journal cannot be written: then the segment is not listed, and the call may be repeated
   */
  async add(segment: Segment, uploaded = true): Promise<number> {
    checkSegment(segment);
    this.#checkOpen();
    return this.#commits.add({ type: 'segment', segment, uploaded });
  }

  /**
   * Takes note that the store has a segment. The journal does not: what waits is known by the files
   * that do, and a second account of them could only be wrong.
   */
  setUploaded(path: string): void {
    this.#table.setUploaded(path);
  }

  /** Takes note of what waits for its upload; after opening everything counts as uploaded. */
  setWaiting(paths: Iterable<string>): void {
    this.#table.setWaiting(paths);
  }

  /**
   * Drops a segment that waited for its upload and was deleted without it; of any other nothing
   * happens. Durable when it resolves.
   * @throws Error of the file system when the journal cannot be written: then it is still listed
   */
  async remove(path: string): Promise<void> {
    const createdAt = this.#table.waitingSince(path);
    if (createdAt === undefined) return;
    this.#checkOpen();
    // As an eviction: a journal that is being rewritten must not miss it.
    const removed = this.#evicting.then(() => this.#commits.add({ type: 'remove', createdAt }));
    this.#evicting = removed.catch(() => {});
    this.#droppedLines += await removed;
  }

  /** A page of segments in the order of `created_at`, as UTF-8 JSON. */
  page(query: SegmentQuery): Buffer {
    return segmentPage(this.#table, query);
  }

  /**
   * Resolves when there is a segment that the query asks for, after `timeoutMs`, when the signal
   * aborts, or when the index closes; never rejects.
   */
  async waitForNewer(query: SegmentQuery, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#table.select(query, 1).length > 0) return;
    await this.#waiters.wait(query, timeoutMs, signal);
  }

  /** What is recorded in each folder, of one stream or of all; by stream, then by time. */
  folders(stream?: string): FolderSummary[] {
    return this.#table.folders(stream);
  }

  /** All segments of a folder, by its object path; in no particular order. */
  segmentsIn(folder: string): Segment[] {
    return this.#table.segmentsIn(folder);
  }

  /**
   * Whether a segment with this object path is listed. To ask for many, go folder by folder: the
   * first question about a folder costs a walk over its segments.
   */
  has(path: string): boolean {
    return this.#table.has(path);
  }

  /**
   * Drops the segments that end at or before a time, µs since the Unix epoch; bit by bit, so that
   * queries meanwhile may still find some of them.
   * @returns how many
   * @throws RangeError for a time that is not a whole number; Error of the file system when the
   * journal cannot be written: then all are still listed
   */
  async evict(beforeUs: number): Promise<number> {
    if (!Number.isSafeInteger(beforeUs)) {
      throw new RangeError(`beforeUs must be a whole number of µs, not ${beforeUs}`);
    }
    // One at a time: a journal that is being rewritten must not miss an eviction.
    const evicted = this.#evicting.then(() => this.#evict(beforeUs));
    this.#evicting = evicted.catch(() => {});
    return evicted;
  }

  /**
   * Writes the journal anew with nothing but what is listed.
   * @throws Error of the file system; the journal is as it was then
   */
  async compact(): Promise<void> {
    const compacted = this.#evicting.then(() => this.#compact());
    this.#evicting = compacted.catch(() => {});
    return compacted;
  }

  /** Ends all waits, finishes what was begun, and gives the journal free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#waiters.close();
    await this.#evicting;
    await this.#commits.idle();
    try {
      await this.#journal.close();
    } finally {
      await this.#lock.release();
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new Error('the segment index is closed');
  }

  #load(entry: SegmentEntry): boolean {
    switch (entry.type) {
      case 'evict':
        this.#droppedLines += atOnce(this.#table.evict(entry.beforeUs));
        return true;
      case 'remove':
        this.#droppedLines += this.#table.remove(entry.createdAt);
        return true;
      case 'segment':
        if (entry.createdAt <= this.#table.columns.lastCreatedAt) return false;
        this.#lastCreatedAt = Math.max(this.#lastCreatedAt, entry.createdAt);
        this.#table.insert(entry.createdAt, entry.segment);
        return true;
    }
  }

  async #commit(changes: Change[]): Promise<number[]> {
    const entries = changes.map((change): SegmentEntry => {
      if (change.type !== 'segment') return change;
      // A clock that was set back must neither repeat a created_at nor hide a segment from a
      // reader who has seen later ones.
      this.#lastCreatedAt = Math.max(this.#now(), this.#lastCreatedAt + 1);
      return { type: 'segment', createdAt: this.#lastCreatedAt, segment: change.segment };
    });
    await this.#journal.append(Buffer.from(entries.map(encodeEntry).join('')));
    const results = entries.map((entry, index) => {
      // What has been listed up to here; dropping it is left to who asked.
      if (entry.type === 'evict') return this.#table.columns.lastCreatedAt;
      if (entry.type === 'remove') return this.#table.remove(entry.createdAt);
      const { uploaded } = changes[index] as Change & { type: 'segment' };
      this.#table.insert(entry.createdAt, entry.segment, uploaded);
      return entry.createdAt;
    });
    for (const entry of entries) {
      if (entry.type === 'segment') this.#waiters.announce(entry.createdAt, entry.segment);
    }
    return results;
  }

  async #evict(beforeUs: number): Promise<number> {
    this.#checkOpen();
    if (!this.#table.hasEndedBy(beforeUs)) return 0;
    const until = await this.#commits.add({ type: 'evict', beforeUs });
    const evicted = await stepByStep(this.#table.evict(beforeUs, until));
    this.#droppedLines += evicted;
    if (this.#droppedLines > Math.max(compactAfterRows, this.#table.rows)) {
      try {
        await this.#compact();
      } catch (error) {
        this.#log.warn(
          { err: error },
          'the segment journal could not be compacted; it still grows',
        );
      }
    }
    return evicted;
  }

  /** Writes the journal anew without the dropped segments, while adding goes on. */
  async #compact(): Promise<void> {
    const rewrite = await this.#journal.startRewrite(this.#lastCreatedAt);
    const copied = await this.#copyRows(rewrite, 0);
    await this.#commits.exclusive(async () => {
      await this.#copyRows(rewrite, copied);
      await this.#journal.adopt(rewrite);
    });
    this.#droppedLines = 0;
  }

  /**
   * Copies the rows beyond a `created_at`; throws the new file away when it cannot.
   * @returns the `created_at` of the last row
   */
  async #copyRows(rewrite: JournalRewrite, after: number): Promise<number> {
    let last = after;
    for (;;) {
      const rows = this.#table.select({ sinceTs: last, limit: copiedRows }, copiedRows);
      if (rows.length === 0) return last;
      let lines = '';
      for (const row of rows) {
        const chunk = this.#table.columns.chunkOf(row);
        const at = row - chunk.base;
        last = chunk.createdAt[at]!;
        const segment = this.#table.segmentAt(chunk, at);
        lines += encodeEntry({ type: 'segment', createdAt: last, segment });
      }
      try {
        await rewrite.append(Buffer.from(lines));
      } catch (error) {
        await rewrite.abandon();
        throw error;
      }
      await setImmediate();
    }
  }
}
