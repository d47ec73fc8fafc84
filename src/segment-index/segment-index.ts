import type { Segment } from '../facts/segment.ts';
import { JournaledTable, type JournaledTableOptions } from '../journal/journaled-table.ts';
import { atOnce, stepByStep } from '../journal/stepwise.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { type LeavingSegment, LeavingSegments, type ListedSegment } from './leaving-segments.ts';
import { checkSegment } from './segment-check.ts';
import type { FolderSummary } from './segment-folder.ts';
import { type SegmentEntry, segmentJournal } from './segment-journal.ts';
import { type SegmentReply, segmentPage, segmentReply } from './segment-page.ts';
import type { SegmentQuery } from './segment-query.ts';
import { restoreSegments, SNAPSHOT_VERSION, snapshotBlocks } from './segment-snapshot.ts';
import { SegmentTable } from './segment-table.ts';
import { SegmentWaiters } from './segment-waiters.ts';
import type { TrackSpan } from './track-spans.ts';

export type { LeavingSegment, ListedSegment } from './leaving-segments.ts';
export type { FolderSummary } from './segment-folder.ts';
export type { SegmentQuery } from './segment-query.ts';
export type { TrackSpan } from './track-spans.ts';

/** Options of a segment index. */
export interface SegmentIndexOptions extends JournaledTableOptions {
  /** Name of this node, written to every segment in replies. */
  nodeAlias: string;
}

/** Rows per batch when the journal is rewritten; a batch takes about one millisecond. */
const ROWS_AT_A_TIME = 500;

type Change =
  | { type: 'segment'; segment: Segment; uploaded: boolean }
  | { type: 'evict'; beforeUs: number }
  | { type: 'remove'; createdAt: number }
  | { type: 'leave'; leaving: LeavingSegment }
  | { type: 'gone'; path: string };

/**
 * All segments of this node, for `GET /api/record/segments`. Queries are answered from memory;
 * every change is in the journal before it becomes visible.
 */
export class SegmentIndex {
  #table: SegmentTable;
  #leaving = new LeavingSegments();
  readonly #waiters = new SegmentWaiters();
  #journal!: JournaledTable<SegmentEntry, Change, number>;

  private constructor(nodeAlias: string) {
    this.#table = new SegmentTable(nodeAlias);
  }

  /**
   * Opens the journal and loads its content.
   * @throws Error if another process has the journal open, if the file is no journal, or if it
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
        linesNeeded: () => index.#table.rows + index.#leaving.size,
        read: () => index.#read(),
        onlyGrows: true,
        snapshot: {
          version: SNAPSHOT_VERSION,
          blocks: () => snapshotBlocks({ table: index.#table, leaving: index.#leaving }),
          restore: async (next, finish) => {
            const { table, leaving } = await restoreSegments(options.nodeAlias, next);
            finish();
            index.#table = table;
            index.#leaving = leaving;
          },
        },
      },
      options,
    );
    return index;
  }

  /** Number of segments. */
  get size(): number {
    return this.#table.rows;
  }

  /** Number of journal lines that could not be read when it was opened. */
  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /**
   * Ensures that later values of `created_at` exceed this time. Call it after the journal was lost,
   * when the values given out before are unknown.
   * @param us µs since the Unix epoch
   */
  raiseCursor(us: number): void {
    this.#journal.raiseStamp(us);
  }

  /** The last `created_at` given out, µs since the Unix epoch; 0 if there is none. */
  get lastCreatedAt(): number {
    return this.#journal.lastStamp;
  }

  /** Number of pending {@link waitForNewer} calls. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Adds a segment, once it is durable in the journal. Concurrent calls share one sync.
   * @param uploaded false for a segment that waits for upload, see {@link setUploaded}
   * @returns its `created_at`: µs since the Unix epoch, greater than any before
   * @throws TypeError or RangeError for an invalid field; the file system's error if the journal
   * cannot be written: then the segment is not in the index, and the call may be repeated
   */
  async add(segment: Segment, uploaded = true): Promise<number> {
    checkSegment(segment);
    this.#journal.checkOpen();
    return this.#journal.add({ type: 'segment', segment, uploaded });
  }

  /**
   * Marks a segment as uploaded. This is not journaled: the files that wait are themselves the
   * record of what waits, and a second one could only contradict them.
   */
  setUploaded(path: string): void {
    this.#table.setUploaded(path);
  }

  /** Marks the segments that wait for upload; after opening, all count as uploaded. */
  setWaiting(paths: Iterable<string>): void {
    this.#table.setWaiting(paths);
  }

  /**
   * Drops a segment that waited for upload and was deleted without it; ignores any other segment.
   * Durable when it resolves.
   * @throws the file system's error if the journal cannot be written: then the segment is still in
   * the index
   */
  async remove(path: string): Promise<void> {
    const createdAt = this.#table.waitingSince(path);
    if (createdAt === undefined) return;
    this.#journal.checkOpen();
    await this.#journal.alone(() => this.#journal.add({ type: 'remove', createdAt }));
  }

  /**
   * Begins to delete segments: they are listed no more, and are remembered until {@link gone} tells
   * that their files are away. Durable when it resolves. Segments that are not listed are remembered
   * all the same: their files may have outlived the index.
   * @throws the file system's error if the journal cannot be written: then nothing has changed
   */
  async leave(segments: readonly LeavingSegment[]): Promise<void> {
    for (const { segment } of segments) checkSegment(segment);
    await this.#changeAlone(segments.map((leaving) => ({ type: 'leave', leaving })));
  }

  /** The files of segments that were leaving are gone. @throws as {@link leave} */
  async gone(paths: readonly string[]): Promise<void> {
    await this.#changeAlone(paths.map((path) => ({ type: 'gone', path })));
    await this.#journal.compactWhenWorthwhile();
  }

  /** The segments that are being deleted. */
  get leaving(): Pick<LeavingSegments, 'size' | 'all' | 'has'> {
    return this.#leaving;
  }

  /** Such changes must not happen while the journal is rewritten. */
  async #changeAlone(changes: Change[]): Promise<void> {
    if (changes.length === 0) return;
    this.#journal.checkOpen();
    await this.#journal.alone(() =>
      Promise.all(changes.map((change) => this.#journal.add(change))),
    );
  }

  /** A page of segments in the order of `created_at`, as UTF-8 JSON. */
  page(query: SegmentQuery): Buffer {
    return segmentPage(this.#table, query);
  }

  /** The same page, to be sent as it is. */
  reply(query: SegmentQuery): SegmentReply {
    return segmentReply(this.#table, query);
  }

  /**
   * Resolves when a segment matches the query, after `timeoutMs`, when the signal aborts, or when
   * the index closes; never rejects.
   */
  async waitForNewer(query: SegmentQuery, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#table.select(query, 1).length > 0) return;
    await this.#waiters.wait(query, timeoutMs, signal);
  }

  /** Names of all streams that have a segment, sorted. */
  streams(): string[] {
    return [...this.#table.streams.all.keys()].sort();
  }

  /**
   * Continuous stretches of media of each track of a stream that overlap [fromUs, toUs), in
   * chronological order and not cut to that range; µs since the Unix epoch.
   */
  spans(stream: string, fromUs: number, toUs: number): Record<TrackKind, TrackSpan[]> {
    const tracks = this.#table.streams.all.get(stream)?.tracks;
    return {
      video: tracks?.video.spans(fromUs, toUs) ?? [],
      audio: tracks?.audio.spans(fromUs, toUs) ?? [],
    };
  }

  /**
   * The segments that a query selects, in the order of `created_at`. For many rows, {@link page} is
   * much cheaper.
   */
  segments(query: SegmentQuery): Segment[] {
    return this.listed(query).map(({ segment }) => segment);
  }

  /** The same with their `created_at`. */
  listed(query: SegmentQuery): ListedSegment[] {
    return this.#table.select(query, query.limit).map((row) => {
      const chunk = this.#table.columns.chunkOf(row);
      const at = row - chunk.base;
      return { createdAt: chunk.createdAt[at]!, segment: this.#table.segmentAt(chunk, at) };
    });
  }

  /** Summaries of the folders of one stream or of all, by stream, then by time. */
  folders(stream?: string): FolderSummary[] {
    return this.#table.folders(stream);
  }

  /** All segments in a folder, given by its object path, in no particular order. */
  segmentsIn(folder: string): Segment[] {
    return this.#table.segmentsIn(folder);
  }

  /**
   * Whether the index knows a segment with this object path, listed or leaving. Query folder by
   * folder: the first query about a folder walks over its segments.
   */
  has(path: string): boolean {
    return this.#leaving.has(path) || this.#table.has(path);
  }

  /**
   * Drops the segments that end at or before a time, µs since the Unix epoch. Works in steps, so
   * that concurrent queries may still find some of them.
   * @returns their number
   * @throws RangeError if the time is not an integer; the file system's error if the journal cannot
   * be written: then no segment is dropped
   */
  async evict(beforeUs: number): Promise<number> {
    if (!Number.isSafeInteger(beforeUs)) {
      throw new RangeError(`beforeUs must be an integer (µs), not ${beforeUs}`);
    }
    const evicted = await this.#journal.alone(() => this.#evict(beforeUs));
    await this.#journal.compactWhenWorthwhile();
    return evicted;
  }

  /**
   * Rewrites the journal with the current segments only.
   * @throws the file system's error; then the journal is unchanged
   */
  compact(): Promise<void> {
    return this.#journal.compact();
  }

  /** Ends all waits, completes pending writes, and closes the journal. */
  close(): Promise<void> {
    this.#waiters.close();
    return this.#journal.close();
  }

  #load(entry: SegmentEntry): void {
    if (entry.type === 'evict') atOnce(this.#table.evict(entry.beforeUs));
    else if (entry.type === 'remove') this.#table.remove(entry.createdAt);
    else if (entry.type === 'leave') this.#leave(entry.leaving);
    else if (entry.type === 'gone') this.#leaving.remove(entry.path);
    else this.#table.insert(entry.createdAt, entry.segment);
  }

  async #commit(changes: Change[]): Promise<number[]> {
    const entries = changes.map((change): SegmentEntry => {
      if (change.type !== 'segment') return change;
      return { type: 'segment', createdAt: this.#journal.nextStamp(), segment: change.segment };
    });
    await this.#journal.append(entries);
    const results = entries.map((entry, index) => {
      // Only returns the bound; the caller drops the segments in steps.
      if (entry.type === 'evict') return this.#table.columns.lastCreatedAt;
      if (entry.type === 'remove') return this.#table.remove(entry.createdAt);
      if (entry.type !== 'segment') {
        this.#load(entry);
        return 0;
      }
      const { uploaded } = changes[index] as Change & { type: 'segment' };
      this.#table.insert(entry.createdAt, entry.segment, uploaded);
      return entry.createdAt;
    });
    for (const entry of entries) {
      if (entry.type === 'segment') this.#waiters.announce(entry.createdAt, entry.segment);
    }
    return results;
  }

  #leave(leaving: LeavingSegment): void {
    this.#table.remove(leaving.createdAt);
    this.#leaving.add(leaving);
  }

  async #evict(beforeUs: number): Promise<number> {
    this.#journal.checkOpen();
    if (!this.#table.hasEndedBy(beforeUs)) return 0;
    const until = await this.#journal.add({ type: 'evict', beforeUs });
    return stepByStep(this.#table.evict(beforeUs, until));
  }

  /** See `TableContent.read`: by ascending `created_at`. */
  #read(): () => SegmentEntry[] {
    let last = 0;
    const leaving = this.#leaving.all();
    return () => {
      if (leaving.length > 0) {
        const some = leaving.splice(0, ROWS_AT_A_TIME);
        return some.map((each) => ({ type: 'leave', leaving: each }));
      }
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
