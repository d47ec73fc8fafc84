import type { RecordFacts } from '../facts/record-facts.ts';
import { JournaledTable, type JournaledTableOptions } from '../journal/journaled-table.ts';
import { atOnce, stepByStep } from '../journal/stepwise.ts';
import { checkRecord, type RecordKey } from './record.ts';
import { keysShown, planChanges, type RecordChange } from './record-changes.ts';
import { type RecordEntry, recordJournal } from './record-journal.ts';
import { type Receipt, type RecordRow, RecordTable } from './record-table.ts';

export type { RecordFacts } from '../facts/record-facts.ts';
export type { RecordKey } from './record.ts';

/** Which records are asked for; see {@link RecordCatalogue.sessions}. */
export interface SessionQuery {
  stream?: string | undefined;
  /** Only records that changed after this: the `lastTs` of the page before, µs since the epoch. */
  sinceTs?: number | undefined;
  limit: number;
}

/** A page of records, in the order in which they changed. */
export interface SessionPage {
  sessions: RecordFacts[];
  /** Update time of the last of them; of an empty page the `sinceTs` of the query, or 0. */
  lastTs: number;
}

/** Records that are written to a new journal at a time: about a millisecond. */
const RECORDS_AT_A_TIME = 200;
/** A live record has at most three lines: as it began, as it ended, and its receipt. */
const LINES_A_RECORD = 3;

/**
 * All records of this node: for Liveman, who collects them page by page, acknowledges and deletes
 * what it has collected; and for playback, which shows all of them, whatever Liveman did.
 *
 * Every change is in the journal before it can be seen. A record that was acknowledged or deleted is
 * offered again when there is news of it: when it has ended, when its manifest is another, or when an
 * ended one has changed. That its start became more exact while it goes on is no such news.
 */
export class RecordCatalogue {
  readonly #table = new RecordTable();
  #journal!: JournaledTable<RecordEntry, RecordChange, number>;

  private constructor() {}

  /**
   * Opens the journal and loads what it holds.
   * @throws Error when another process has it open, when the file is not a journal of records, or
   * when it cannot be read
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
    // A client may hold a page of the run before, and acknowledge it only now.
    catalogue.#table.markAllShown();
    return catalogue;
  }

  /** How many records there are. */
  get size(): number {
    return this.#table.size;
  }

  /** Lines of the journal that could not be read when it was opened. */
  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /** The newest update time that was ever given, µs since the Unix epoch. */
  get lastUpdatedAt(): number {
    return this.#journal.lastStamp;
  }

  /** See `SegmentIndex.raiseCursor`. @param us µs since the Unix epoch */
  raiseCursor(us: number): void {
    this.#journal.raiseStamp(us);
  }

  /**
   * Writes the journal anew with nothing but what is known.
   * @throws Error of the file system; the journal is as it was then
   */
  compact(): Promise<void> {
    return this.#journal.compact();
  }

  /**
   * Lists a record, or what has changed of it; durable when it resolves. Calls at the same time
   * share one sync. What changes a record gives it a new update time, greater than any given before;
   * what says nothing new gives it none.
   * @throws TypeError or RangeError for a field that cannot be; Error of the file system when the
   * journal cannot be written: then nothing has changed, and the call may be repeated
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
   * Ends the records of a run that ended without a word; to be called before the first one of this
   * run. A record of which no end is known has nothing to play, and has failed.
   * @param endOf when the last segment of a record ends, µs since the Unix epoch, as far as known
   * @returns how many
   * @throws what {@link put} throws
   */
  async completeAbandoned(endOf: (record: RecordFacts) => number | undefined): Promise<number> {
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
    return ended.length;
  }

  /**
   * A page of the records on offer, in the order of their update times: the `lastTs` of one page is
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
   * Offers records no more, until there is news of them. What is acknowledged is what was shown: one
   * that has ended since stays on offer.
   * @returns how many of them are known, and not removed
   * @throws Error of the file system when the journal cannot be written: then nothing has changed
   */
  ack(records: readonly RecordKey[]): Promise<number> {
    return this.#receive('acked', records);
  }

  /**
   * Does the same as {@link ack}: the record itself stays, for playback.
   * @returns how many were not removed before
   * @throws Error of the file system when the journal cannot be written: then nothing has changed
   */
  remove(records: readonly RecordKey[]): Promise<number> {
    return this.#receive('removed', records);
  }

  /** Names of all streams that have records, in their order. */
  streams(): string[] {
    return this.#table.streams();
  }

  /** All records of a stream, newest last. */
  records(stream: string): RecordFacts[] {
    return this.#table.records(stream);
  }

  /**
   * Drops the records that ended at or before a time, µs since the Unix epoch; bit by bit, so that
   * pages meanwhile may still show some of them.
   * @param keepUnacked how many of them stay that nobody has acknowledged or deleted, the latest ones:
   * who collects records may have been away
   * @returns how many
   * @throws RangeError for a time that is not a whole number; Error of the file system when the
   * journal cannot be written: then all are still there
   */
  async evict(beforeUs: number, keepUnacked = 0): Promise<number> {
    if (!Number.isSafeInteger(beforeUs)) {
      throw new RangeError(`beforeUs must be a whole number of µs, not ${beforeUs}`);
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

  /** Finishes what was begun, and gives the journal free. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  #take(entry: RecordEntry): void {
    if (entry.type === 'evict') {
      atOnce(this.#table.evict(entry.beforeUs, entry.unackedBeforeUs));
    } else if (entry.type === 'receipt') this.#table.setReceipt(entry.key, entry.receipt);
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

  /** See `TableContent.read`: each record as it is. */
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
