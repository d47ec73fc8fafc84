import type { RecordFacts } from '../facts/record-facts.ts';
import { JournaledTable, type JournaledTableOptions } from '../journal/journaled-table.ts';
import { atOnce, stepByStep } from '../journal/stepwise.ts';
import { checkRecord, type RecordKey } from './record.ts';
import { keysShown, planChanges, type RecordChange } from './record-changes.ts';
import { type RecordEntry, recordJournal } from './record-journal.ts';
import { type Receipt, type RecordRow, RecordTable } from './record-table.ts';

export type { RecordFacts } from '../facts/record-facts.ts';
export type { RecordKey } from './record.ts';

/** Selects records; see {@link RecordCatalogue.sessions}. */
export interface SessionQuery {
  stream?: string | undefined;
  /**
   * Only records that changed later: the `lastTs` of the previous page, µs since the Unix epoch.
   */
  sinceTs?: number | undefined;
  limit: number;
}

/** A page of records in the order in which they changed. */
export interface SessionPage {
  sessions: RecordFacts[];
  /** Update time of the last record; for an empty page, the `sinceTs` of the query or 0. */
  lastTs: number;
}

/** Records per batch when the journal is rewritten; a batch takes about one millisecond. */
const RECORDS_AT_A_TIME = 200;
/** A live record has at most three lines: its start, its end, and its receipt. */
const LINES_A_RECORD = 3;

/**
 * All records of this node: for Liveman, which reads them page by page and then acknowledges and
 * deletes them, and for playback, which shows all of them regardless of Liveman.
 *
 * Every change is in the journal before it becomes visible. A record that was acknowledged or
 * deleted is listed again after relevant news: when it ends, when its manifest changes, or when it
 * changes after its end. A more exact start time of an active record is not relevant.
 */
export class RecordCatalogue {
  readonly #table = new RecordTable();
  #journal!: JournaledTable<RecordEntry, RecordChange, number>;

  private constructor() {}

  /**
   * Opens the journal and loads its content.
   * @throws Error if another process has the journal open, if the file is no journal of records, or
   * if it cannot be read
   */
  static async open(options: JournaledTableOptions): Promise<RecordCatalogue> {
    const catalogue = new RecordCatalogue();
    catalogue.#journal = await JournaledTable.open(
      {
        format: recordJournal,
        title: 'the record catalogue',
        load: (entry: RecordEntry) => catalogue.#take(entry),
        commit: (changes: RecordChange[]) => catalogue.#commit(changes),
        linesNeeded: () => LINES_A_RECORD * catalogue.#table.size,
        read: () => catalogue.#read(),
        onlyGrows: false,
      },
      options,
    );
    // A client may acknowledge a page that it read during the previous run.
    catalogue.#table.markAllShown();
    return catalogue;
  }

  /** Number of records. */
  get size(): number {
    return this.#table.size;
  }

  /** Number of journal lines that could not be read when it was opened. */
  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /** The last update time given out, µs since the Unix epoch. */
  get lastUpdatedAt(): number {
    return this.#journal.lastStamp;
  }

  /** See `SegmentIndex.raiseCursor`. @param us µs since the Unix epoch */
  raiseCursor(us: number): void {
    this.#journal.raiseStamp(us);
  }

  /**
   * Rewrites the journal with the current records only.
   * @throws the file system's error; then the journal is unchanged
   */
  compact(): Promise<void> {
    return this.#journal.compact();
  }

  /**
   * Adds or changes a record; durable when it resolves. Concurrent calls share one sync. A change
   * gives the record a new update time, greater than any before; a call without a change does not.
   * @throws TypeError or RangeError for an invalid field; the file system's error if the journal
   * cannot be written: then nothing has changed, and the call may be repeated
   */
  async put(record: RecordFacts): Promise<void> {
    checkRecord(record);
    this.#journal.checkOpen();
    const { stream, recordId, startUs, endUs, mpdPath, status } = record;
    const facts: RecordFacts = { stream, recordId, startUs, mpdPath, status };
    if (status !== 'Active' && endUs !== undefined) facts.endUs = endUs;
    await this.#journal.add({ type: 'put', record: facts });
  }

  /**
   * Ends the records that a crashed run left active. Call it before the first record of this run. A
   * record without a known end has no media, so it becomes `Failed`.
   * @param endOf end of the last segment of a record, µs since the Unix epoch, if known
   * @param onEnded called for each of them with its end
   * @returns the number of these records
   * @throws what {@link put} throws
   */
  async completeAbandoned(
    endOf: (record: RecordFacts) => number | undefined,
    onEnded?: (record: RecordFacts) => void,
  ): Promise<number> {
    const ended: RecordFacts[] = [];
    for (const stream of this.#table.streams()) {
      const records = this.#table.records(stream);
      for (const [index, record] of records.entries()) {
        if (record.status !== 'Active') continue;
        // Two records may share a folder, of which only the end is known.
        const latest = records[index + 1]?.startUs ?? Number.POSITIVE_INFINITY;
        const endUs = Math.min(endOf(record) ?? record.startUs, latest);
        ended.push(
          endUs > record.startUs
            ? { ...record, endUs, status: 'Completed' }
            : { ...record, endUs: record.startUs, status: 'Failed' },
        );
      }
    }
    await Promise.all(ended.map((record) => this.put(record)));
    if (onEnded !== undefined) for (const record of ended) onEnded(record);
    return ended.length;
  }

  /**
   * A page of listed records in the order of their update times: pass the `lastTs` of one page as
   * the `sinceTs` of the next.
   */
  sessions({ stream, sinceTs = 0, limit }: SessionQuery): SessionPage {
    const rows = this.#table.offer(sinceTs, limit, stream);
    return {
      sessions: rows.map(({ facts }) => facts),
      lastTs: rows.at(-1)?.updatedAt ?? sinceTs,
    };
  }

  /**
   * Removes records from the list until there is news. An acknowledgement refers to the version
   * that was shown: a record that has ended since stays in the list.
   * @returns how many of them are known and not deleted
   * @throws the file system's error if the journal cannot be written: then nothing has changed
   */
  ack(records: readonly RecordKey[]): Promise<number> {
    return this.#receive('acked', records);
  }

  /**
   * Has the same effect as {@link ack}: the record is kept for playback.
   * @returns how many of them had not been deleted before
   * @throws the file system's error if the journal cannot be written: then nothing has changed
   */
  remove(records: readonly RecordKey[]): Promise<number> {
    return this.#receive('removed', records);
  }

  /**
   * Drops records whose media is deleted: neither listed nor played any more.
   * @returns how many of them were known
   * @throws the file system's error if the journal cannot be written
   */
  async forget(records: readonly RecordKey[]): Promise<number> {
    this.#journal.checkOpen();
    const forgotten = await Promise.all(
      records.map((key) => this.#journal.add({ type: 'forget', key })),
    );
    return forgotten.reduce((sum, one) => sum + one, 0);
  }

  /** Names of all streams with records, sorted. */
  streams(): string[] {
    return this.#table.streams();
  }

  /** All records of a stream, newest last. */
  records(stream: string): RecordFacts[] {
    return this.#table.records(stream);
  }

  /**
   * Drops the records that ended at or before a time, µs since the Unix epoch. Works in steps, so
   * that concurrent pages may still show some of them.
   * @param keepUnacked number of records to keep that nobody has acknowledged or deleted, the
   * latest ones: their collector may have been offline
   * @returns the number of dropped records
   * @throws RangeError if the time is not an integer; the file system's error if the journal cannot
   * be written: then nothing has changed
   */
  async evict(beforeUs: number, keepUnacked = 0): Promise<number> {
    if (!Number.isSafeInteger(beforeUs)) {
      throw new RangeError(`beforeUs must be an integer (µs), not ${beforeUs}`);
    }
    this.#journal.checkOpen();
    let evicted = 0;
    await this.#journal.exclusive(async () => {
      const plan = await stepByStep(this.#table.planEviction(beforeUs, keepUnacked));
      if (plan.records === 0) return;
      const { unackedBeforeUs } = plan;
      await this.#journal.append([{ type: 'evict', beforeUs, unackedBeforeUs }]);
      evicted = await stepByStep(this.#table.evict(beforeUs, unackedBeforeUs));
    });
    void this.#journal.compactWhenWorthwhile();
    return evicted;
  }

  /** Completes pending writes and closes the journal. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  #take(entry: RecordEntry): void {
    if (entry.type === 'evict') {
      atOnce(this.#table.evict(entry.beforeUs, entry.unackedBeforeUs));
    } else if (entry.type === 'forget') this.#table.forget(entry.key);
    else if (entry.type === 'receipt') this.#table.setReceipt(entry.key, entry.receipt);
    else this.#table.put(entry.record, entry.updatedAt, entry.newsAt);
  }

  async #receive(receipt: Receipt, records: readonly RecordKey[]): Promise<number> {
    this.#journal.checkOpen();
    const shown = keysShown(this.#table, records);
    return shown.length === 0 ? 0 : this.#journal.add({ type: 'receipts', receipt, shown });
  }

  async #commit(changes: RecordChange[]): Promise<number[]> {
    const { entries, results } = planChanges(this.#table, changes, () => this.#journal.nextStamp());
    await this.#journal.append(entries);
    for (const entry of entries) this.#take(entry);
    return results;
  }

  /** See `TableContent.read`: every record with its current state. */
  #read(): () => RecordEntry[] {
    const rows = this.#table.rows();
    let at = 0;
    return () => {
      at += RECORDS_AT_A_TIME;
      return rows.slice(at - RECORDS_AT_A_TIME, at).flatMap(entriesOf);
    };
  }
}

function entriesOf({ facts: record, updatedAt, newsAt, receipt }: RecordRow): RecordEntry[] {
  const entries: RecordEntry[] = [{ type: 'record', updatedAt, newsAt, record }];
  if (receipt !== undefined) {
    entries.push({
      type: 'receipt',
      receipt,
      key: { stream: record.stream, record: record.recordId },
    });
  }
  return entries;
}
