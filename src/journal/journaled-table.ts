import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { makeFolder } from '../files/durable-file.ts';
import { JournalLock } from '../files/process-lock.ts';
import { GroupCommit } from './group-commit.ts';
import { Journal, type JournalLog, type JournalRewrite } from './journal.ts';
import { encodeEntry, type JournalFormat } from './journal-line.ts';

/** Where a table in memory has its journal. */
export interface JournaledTableOptions {
  /** The journal file; made with its folder where it does not exist. */
  journalPath: string;
  log: JournalLog;
  /** µs since the Unix epoch; the steady clock where left out. */
  now?: () => number;
}

/** What a table in memory does for its journal; the rest is the same for all. */
export interface TableContent<Entry, Change, Result> {
  format: JournalFormat<Entry>;
  /** What messages call the table, such as `the segment index`. */
  title: string;
  /** Takes an entry of the journal into the table, at the time of opening. */
  load(entry: Entry): void;
  /**
   * Makes changes that were asked for at the same time: appends their entries, then changes the table.
   * @returns the result of each
   */
  commit(changes: Change[]): Promise<Result[]>;
  /** How many lines a journal would have with nothing but what the table holds, at most. */
  linesNeeded(): number;
  /**
   * Begins to read the table as entries, in the order in which they are to be loaded. Each call of
   * what it returns gives the next ones, about a millisecond's worth; none where there are no more
   * for now.
   */
  read(): () => Entry[];
  /**
   * True where changes only add entries at the end of what is read: then changes go on while the
   * journal is written anew. What does else has to run {@link JournaledTable.alone}.
   */
  readonly onlyGrows: boolean;
}

/** The journal is rewritten once it holds this many lines more than needed, and twice what is needed. */
const SPARE_LINES = 10_000;

/**
 * The journal of a table in memory: opened and loaded, written in group commits, written anew once most
 * of its lines stand for nothing, closed. Every change is durable before it can be seen, and carries a
 * stamp (µs since the Unix epoch) greater than any before.
 */
export class JournaledTable<Entry extends { type: string }, Change, Result> {
  readonly #content: TableContent<Entry, Change, Result>;
  readonly #log: JournalLog;
  readonly #now: () => number;
  readonly #lock: JournalLock;
  readonly #commits: GroupCommit<Change, Result>;
  #journal!: Journal;
  /** The newest stamp that was ever given. */
  #lastStamp = 0;
  /** Stamp of the last good line while the journal is loaded. */
  #lastLoaded = 0;
  #lines = 0;
  /** Lines below which it is not tried again to write the journal anew. */
  #patientUntil = 0;
  #alone: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(
    content: TableContent<Entry, Change, Result>,
    options: JournaledTableOptions,
    lock: JournalLock,
  ) {
    this.#content = content;
    this.#log = options.log;
    this.#now = options.now ?? steadyNowUs;
    this.#lock = lock;
    this.#commits = new GroupCommit(async (changes) => {
      const results = await content.commit(changes);
      // Not again at every change while there is no room for it.
      if (this.#lines > this.#patientUntil) void this.compactWhenWorthwhile();
      return results;
    });
  }

  /**
   * Opens the journal and loads what it holds.
   * @throws Error when another process has it open, when the file is not a journal of this format, or
   * when it cannot be read
   */
  static async open<Entry extends { type: string }, Change, Result>(
    content: TableContent<Entry, Change, Result>,
    options: JournaledTableOptions,
  ): Promise<JournaledTable<Entry, Change, Result>> {
    const { journalPath: path, log } = options;
    await makeFolder(dirname(path));
    const lock = await JournalLock.take(`${path}.lock`, content.title, log);
    try {
      const table = new JournaledTable(content, options, lock);
      table.#journal = await Journal.open({
        path,
        format: content.format,
        log,
        onHeader: ({ lastStamp }) => table.raiseStamp(lastStamp),
        onEntry: (entry) => table.#load(entry),
      });
      return table;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Lines of the journal that could not be read when it was opened. */
  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /** The newest stamp that was ever given, µs since the Unix epoch; 0 before any. */
  get lastStamp(): number {
    return this.#lastStamp;
  }

  /** Makes sure that no stamp up to this is given from now on. @param us µs since the Unix epoch */
  raiseStamp(us: number): void {
    this.#lastStamp = Math.max(this.#lastStamp, Math.ceil(us));
  }

  /**
   * The stamp of the next change: now, but later than all before. A clock that was set back must
   * neither repeat a stamp nor hide a change from a reader who has seen later ones.
   */
  nextStamp(): number {
    this.#lastStamp = Math.max(this.#now(), this.#lastStamp + 1);
    return this.#lastStamp;
  }

  /** @throws Error once {@link close} was called */
  checkOpen(): void {
    if (this.#closing) throw new Error(`${this.#content.title} is closed`);
  }

  /**
   * Has a change committed, together with those asked for at the same time.
   * @throws what the commit throws; Error of the file system when the journal cannot be written
   */
  add(change: Change): Promise<Result> {
    return this.#commits.add(change);
  }

  /**
   * Adds entries to the journal; durable when it resolves. Only within a commit, or a task that runs
   * {@link exclusive}.
   * @throws Error of the file system; the journal is as it was then
   */
  async append(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#journal.append(this.#encode(entries));
    this.#lines += entries.length;
  }

  /** Runs a task while no commit is under way. */
  exclusive(task: () => Promise<void>): Promise<void> {
    return this.#commits.exclusive(task);
  }

  /** Runs a task while the journal is not written anew, nor another such task runs; commits go on. */
  alone<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(task);
    this.#alone = done.catch(() => {});
    return done;
  }

  /**
   * Writes the journal anew with nothing but what the table holds.
   * @throws Error of the file system; the journal is as it was then
   */
  compact(): Promise<void> {
    return this.alone(() => this.#compact());
  }

  /**
   * Does so where most lines stand for nothing any more; a failure is logged. Looked at after commits
   * as well; to be called after an eviction, which happens seldom enough to try each time.
   */
  async compactWhenWorthwhile(): Promise<void> {
    const needed = this.#content.linesNeeded();
    if (this.#lines <= needed + Math.max(SPARE_LINES, needed)) return;
    this.#patientUntil = this.#lines + SPARE_LINES;
    await this.compact().catch((err: unknown) => {
      const { title } = this.#content.format;
      this.#log.warn({ err }, `the ${title} could not be compacted and keeps growing`);
    });
  }

  /** Finishes what was begun, and gives the journal free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#alone;
    await this.#commits.idle();
    // A commit may have begun to write the journal anew.
    await this.#alone;
    try {
      await this.#journal.close();
    } finally {
      await this.#lock.release();
    }
  }

  #load(entry: Entry): boolean {
    this.#lines++;
    const stamp = this.#content.format.stampOf(entry);
    if (stamp !== undefined) {
      if (stamp <= this.#lastLoaded) return false;
      this.#lastLoaded = stamp;
      this.raiseStamp(stamp);
    }
    this.#content.load(entry);
    return true;
  }

  async #compact(): Promise<void> {
    let rewrite: JournalRewrite | undefined;
    let lines = 0;
    let next: (() => Entry[]) | undefined;
    const copy = async (): Promise<JournalRewrite> => {
      rewrite ??= await this.#journal.startRewrite(this.#lastStamp);
      next ??= this.#content.read();
      try {
        for (let entries = next(); entries.length > 0; entries = next()) {
          await rewrite.append(this.#encode(entries));
          lines += entries.length;
          await setImmediate();
        }
      } catch (error) {
        await rewrite.abandon();
        throw error;
      }
      return rewrite;
    };
    if (this.#content.onlyGrows) await copy();
    await this.#commits.exclusive(async () => {
      await this.#journal.adopt(await copy());
      this.#lines = lines;
      this.#patientUntil = 0;
    });
  }

  #encode(entries: readonly Entry[]): Buffer {
    return Buffer.from(entries.map((entry) => encodeEntry(this.#content.format, entry)).join(''));
  }
}
