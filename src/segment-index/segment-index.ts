import type { Segment } from '../facts/segment.ts';
import { JournaledTable, type JournaledTableOptions } from '../journal/journaled-table.ts';
import { atOnce, stepByStep } from '../journal/stepwise.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { checkSegment } from './segment-check.ts';
import type { FolderSummary } from './segment-folder.ts';
import { type SegmentEntry, segmentJournal } from './segment-journal.ts';
import { segmentPage } from './segment-page.ts';
import type { SegmentQuery } from './segment-query.ts';
import { SegmentTable } from './segment-table.ts';
import { SegmentWaiters } from './segment-waiters.ts';
import type { TrackSpan } from './track-spans.ts';

export type { FolderSummary } from './segment-folder.ts';
export type { SegmentQuery } from './segment-query.ts';
export type { TrackSpan } from './track-spans.ts';

/** How a segment index is opened. */
export interface SegmentIndexOptions extends JournaledTableOptions {
  /** Name of this node in every segment it lists. */
  nodeAlias: string;
}

/** Rows that are written to a new journal at a time: about a millisecond. */
const ROWS_AT_A_TIME = 500;

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
  #journal!: JournaledTable<SegmentEntry, Change, number>;

  private constructor(nodeAlias: string) {
    this.#table = new SegmentTable(nodeAlias);
  }

  /**
   * Opens the journal and loads what it holds.
   * @throws Error when another process has it open, when the file is not a journal, or when it
   * cannot be read
   */
  static async open(options: SegmentIndexOptions): Promise<SegmentIndex> {
    const index = new SegmentIndex(options.nodeAlias);
    index.#journal = await JournaledTable.open(
      {
        format: segmentJournal,
        title: 'the segment index',
        load: (entry: SegmentEntry) => index.#load(entry),
        commit: (changes: Change[]) => index.#commit(changes),
        linesNeeded: () => index.#table.rows,
        read: () => index.#read(),
        onlyGrows: true,
      },
      options,
    );
    return index;
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
    this.#journal.raiseStamp(us);
  }

  /** The newest `created_at` that was given, µs since the Unix epoch; 0 before any. */
  get lastCreatedAt(): number {
    return this.#journal.lastStamp;
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
    this.#journal.checkOpen();
    return this.#journal.add({ type: 'segment', segment, uploaded });
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
    this.#journal.checkOpen();
    await this.#journal.alone(() => this.#journal.add({ type: 'remove', createdAt }));
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

  /** Names of all streams that have a segment, sorted. */
  streams(): string[] {
    return [...this.#table.streams.keys()].sort();
  }

  /**
   * Unbroken stretches of media of each track of a stream that overlap [fromUs, toUs), in the order of
   * time and not cut to it; µs since the Unix epoch.
   */
  spans(stream: string, fromUs: number, toUs: number): Record<TrackKind, TrackSpan[]> {
    const tracks = this.#table.streams.get(stream)?.tracks;
    return {
      video: tracks?.video.spans(fromUs, toUs) ?? [],
      audio: tracks?.audio.spans(fromUs, toUs) ?? [],
    };
  }

  /**
   * The segments that a query asks for, in the order of `created_at`. For many rows {@link page} is far
   * cheaper.
   */
  segments(query: SegmentQuery): Segment[] {
    return this.#table.select(query, query.limit).map((row) => {
      const chunk = this.#table.columns.chunkOf(row);
      return this.#table.segmentAt(chunk, row - chunk.base);
    });
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
    const evicted = await this.#journal.alone(() => this.#evict(beforeUs));
    await this.#journal.compactWhenWorthwhile();
    return evicted;
  }

  /**
   * Writes the journal anew with nothing but what is listed.
   * @throws Error of the file system; the journal is as it was then
   */
  compact(): Promise<void> {
    return this.#journal.compact();
  }

  /** Ends all waits, finishes what was begun, and gives the journal free. */
  close(): Promise<void> {
    this.#waiters.close();
    return this.#journal.close();
  }

  #load(entry: SegmentEntry): void {
    if (entry.type === 'evict') atOnce(this.#table.evict(entry.beforeUs));
    else if (entry.type === 'remove') this.#table.remove(entry.createdAt);
    else this.#table.insert(entry.createdAt, entry.segment);
  }

  async #commit(changes: Change[]): Promise<number[]> {
    const entries = changes.map((change): SegmentEntry => {
      if (change.type !== 'segment') return change;
      return { type: 'segment', createdAt: this.#journal.nextStamp(), segment: change.segment };
    });
    await this.#journal.append(entries);
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
    this.#journal.checkOpen();
    if (!this.#table.hasEndedBy(beforeUs)) return 0;
    const until = await this.#journal.add({ type: 'evict', beforeUs });
    return stepByStep(this.#table.evict(beforeUs, until));
  }

  /** See `TableContent.read`: by rising `created_at`. */
  #read(): () => SegmentEntry[] {
    let last = 0;
    return () => {
      const rows = this.#table.select({ sinceTs: last, limit: ROWS_AT_A_TIME }, ROWS_AT_A_TIME);
      return rows.map((row) => {
        const chunk = this.#table.columns.chunkOf(row);
        const at = row - chunk.base;
        last = chunk.createdAt[at]!;
        return { type: 'segment', createdAt: last, segment: this.#table.segmentAt(chunk, at) };
      });
    };
  }
}
