import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import type { RecordFacts } from '../facts/record-facts.ts';
import { makeFolder } from '../files/durable-file.ts';
import { JournalLock } from '../files/process-lock.ts';
import { GroupCommit } from '../journal/group-commit.ts';
import { Journal, type JournalLog } from '../journal/journal.ts';
import { atOnce, stepByStep } from '../journal/stepwise.ts';
import { checkRecord, type RecordKey } from './record.ts';
import { keysShown, planChanges, type RecordChange } from './record-changes.ts';
import { encodeEntry, type RecordEntry, recordJournal } from './record-journal.ts';
import { type Receipt, type RecordRow, RecordTable } from './record-table.ts';

export type { RecordFacts } from '../facts/record-facts.ts';
export type { RecordKey } from './record.ts';

/** How a record catalogue is opened. */
export interface RecordCatalogueOptions {
  /** The journal file; made with its folder where it does not exist. */
  journalPath: string;
  log: JournalLog;
  /** µs since the Unix epoch; the steady clock where left out. */
  now?: () => number;
}

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

/** Records that are copied to a new journal without a rest: about a millisecond. */
const copiedRows = 200;
/** The journal is rewritten once it holds so many more lines than the live records need. */
const spareLines = 10_000;

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
  readonly #commits = new GroupCommit<RecordChange, number>((changes) => this.#commit(changes));
  readonly #lock: JournalLock;
  readonly #log: JournalLog;
  readonly #now: () => number;
  #journal!: Journal;
  /** The newest update time that was ever given, µs since the Unix epoch. */
  #lastUpdatedAt = 0;
  /** Update time of the last good line while the journal is loaded. */
  #lastLoaded = 0;
  /** Lines of the journal. */
  #lines = 0;
  #compactBeyond = spareLines;
  #closing: Promise<void> | undefined;

  private constructor(options: RecordCatalogueOptions, lock: JournalLock) {
    this.#lock = lock;
    this.#log = options.log;
    this.#now = options.now ?? steadyNowUs;
  }

  /**
   * Opens the journal and loads what it holds.
   * @throws Error when another process has it open, when the file is not a journal of records, or
   * when it cannot be read
   */
  static async open(options: RecordCatalogueOptions): Promise<RecordCatalogue> {
    const { journalPath: path, log } = options;
    await makeFolder(dirname(path));
    const lock = await JournalLock.take(`${path}.lock`, 'the record catalogue', log);
    try {
      const catalogue = new RecordCatalogue(options, lock);
      catalogue.#journal = await Journal.open({
        path,
        format: recordJournal,
        log,
        onHeader: ({ lastStamp }) => {
          catalogue.#lastUpdatedAt = Math.max(catalogue.#lastUpdatedAt, lastStamp);
        },
        onEntry: (entry) => catalogue.#load(entry),
      });
      // A client may hold a page of the run before, and acknowledge it only now.
      catalogue.#table.markAllShown();
      return catalogue;
    } catch (error) {
      await lock.release();
      throw error;
    }
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
    return this.#lastUpdatedAt;
  }

  /** See `SegmentIndex.raiseCursor`. @param us µs since the Unix epoch */
  raiseCursor(us: number): void {
    this.#lastUpdatedAt = Math.max(this.#lastUpdatedAt, Math.ceil(us));
  }

  /**
   * Writes the journal anew with nothing but what is known.
   * @throws Error of the file system; the journal is as it was then
   */
  compact(): Promise<void> {
    return this.#commits.exclusive(() => this.#compact());
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
    this.#checkOpen();
    const { stream, recordId, startUs, endUs, mpdPath, status } = record;
    const facts: RecordFacts = { stream, recordId, startUs, mpdPath, status };
    if (status !== 'Active' && endUs !== undefined) facts.endUs = endUs;
    await this.#commits.add({ type: 'put', record: facts });
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
   * @param keepUnacked so many of them stay that nobody has acknowledged or deleted, the latest ones:
   * who collects records may have been away
   * @returns how many
   * @throws RangeError for a time that is not a whole number; Error of the file system when the
   * journal cannot be written: then all are still there
   */
  async evict(beforeUs: number, keepUnacked = 0): Promise<number> {
    if (!Number.isSafeInteger(beforeUs)) {
      throw new RangeError(`beforeUs must be a whole number of µs, not ${beforeUs}`);
    }
    this.#checkOpen();
    let evicted = 0;
    await this.#commits.exclusive(async () => {
      const plan = await stepByStep(this.#table.planEviction(beforeUs, keepUnacked));
      if (plan.records === 0) return;
      const { unackedBeforeUs } = plan;
      await this.#append([{ type: 'evict', beforeUs, unackedBeforeUs }]);
      evicted = await stepByStep(this.#table.evict(beforeUs, unackedBeforeUs));
    });
    this.#compactWhenWorthwhile();
    return evicted;
  }

  /** Finishes what was begun, and gives the journal free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#commits.idle();
    try {
      await this.#journal.close();
    } finally {
      await this.#lock.release();
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new Error('the record catalogue is closed');
  }

  #load(entry: RecordEntry): boolean {
    this.#lines++;
    switch (entry.type) {
      case 'evict':
        atOnce(this.#table.evict(entry.beforeUs, entry.unackedBeforeUs));
        return true;
      case 'receipt':
        this.#table.setReceipt(entry.key, entry.receipt);
        return true;
      case 'record':
        if (entry.updatedAt <= this.#lastLoaded) return false;
        this.#lastLoaded = entry.updatedAt;
        this.#lastUpdatedAt = Math.max(this.#lastUpdatedAt, entry.updatedAt);
        this.#table.put(entry.record, entry.updatedAt, entry.newsAt);
        return true;
    }
  }

  async #receive(receipt: Receipt, records: readonly RecordKey[]): Promise<number> {
    this.#checkOpen();
    const shown = keysShown(this.#table, records);
    return shown.length === 0 ? 0 : this.#commits.add({ type: 'receipts', receipt, shown });
  }

  async #commit(changes: RecordChange[]): Promise<number[]> {
    const { entries, results } = planChanges(this.#table, changes, () => {
      // A clock that was set back must neither repeat an update time nor hide a record from a
      // reader who has seen later ones.
      this.#lastUpdatedAt = Math.max(this.#now(), this.#lastUpdatedAt + 1);
      return this.#lastUpdatedAt;
    });
    await this.#append(entries);
    for (const entry of entries) {
      if (entry.type === 'record') this.#table.put(entry.record, entry.updatedAt, entry.newsAt);
      else if (entry.type === 'receipt') this.#table.setReceipt(entry.key, entry.receipt);
    }
    this.#compactWhenWorthwhile();
    return results;
  }

  async #append(entries: RecordEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#journal.append(Buffer.from(entries.map(encodeEntry).join('')));
    this.#lines += entries.length;
  }

  #compactWhenWorthwhile(): void {
    // A live record has at most three lines: as it began, as it ended, and its receipt.
    if (this.#lines <= this.#compactBeyond + 3 * this.#table.size) return;
    // Not again at every change while there is no room for it.
    this.#compactBeyond = this.#lines + spareLines;
    this.#commits
      .exclusive(() => this.#compact())
      .catch((err: unknown) => {
        this.#log.warn({ err }, 'the record journal could not be compacted; it still grows');
      });
  }

  /** Writes the journal anew, with each record as it is. */
  async #compact(): Promise<void> {
    const rewrite = await this.#journal.startRewrite(this.#lastUpdatedAt);
    const rows = this.#table.rows();
    let lines = 0;
    try {
      for (let at = 0; at < rows.length; at += copiedRows) {
        const entries = rows.slice(at, at + copiedRows).flatMap(entriesOf);
        await rewrite.append(Buffer.from(entries.map(encodeEntry).join('')));
        lines += entries.length;
        await setImmediate();
      }
    } catch (error) {
      await rewrite.abandon();
      throw error;
    }
    await this.#journal.adopt(rewrite);
    this.#lines = lines;
    this.#compactBeyond = spareLines;
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
