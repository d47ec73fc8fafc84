import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { makeFolder } from '../files/durable-file.ts';
import { JournalLock } from '../files/process-lock.ts';
import { GroupCommit } from './group-commit.ts';
import { Journal, type JournalLog, type JournalRewrite } from './journal.ts';
import { encodeEntry, type JournalFormat } from './journal-line.ts';
import { type SnapshotContent, type SnapshotStart, TableSnapshot } from './table-snapshot.ts';

/** The journal of a table in memory. */
export interface JournaledTableOptions {
  /** The journal file; it is created with its folder if it does not exist. */
  journalPath: string;
  log: JournalLog;
  /** Returns µs since the Unix epoch; the steady clock by default. */
  now?: () => number;
  /** Lines between two snapshots; see {@link TableSnapshotOptions}. */
  snapshotLines?: number;
}

/** What a table in memory provides for its journal. */
export interface TableContent<Entry, Change, Result> {
  format: JournalFormat<Entry>;
  /** Name of the table in messages, such as `the segment index`. */
  title: string;
  /** Adds an entry of the journal to the table when it is opened. */
  load(entry: Entry): void;
  /**
   * Carries out concurrent changes: appends their entries, then changes the table.
   * @returns the result of each
   */
  commit(changes: Change[]): Promise<Result[]>;
  /** Upper bound for the number of lines of a rewritten journal. */
  linesNeeded(): number;
  /**
   * Begins to read the table as entries, in the order in which they will be loaded. Each call of
   * the returned function returns the next ones, about one millisecond's worth; none if there are
   * no more for now.
   */
  read(): () => Entry[];
  /**
   * True if changes only add entries after those that are read: then they continue while the
   * journal is rewritten. Any other change must use {@link JournaledTable.alone}.
   */
  readonly onlyGrows: boolean;
  /** Stores the table beside the journal, to be loaded faster. Only if it {@link onlyGrows}. */
  readonly snapshot?: SnapshotContent;
}

/**
 * The journal is rewritten when it exceeds the number of lines needed by this, and is at least
 * twice as long as needed.
 */
const SPARE_LINES = 10_000;

/** What a snapshot contains if there is none. */
const NOTHING = { length: 0, lines: 0, lastStamp: 0 };

/**
 * The journal of a table in memory: opened and loaded, written in group commits, rewritten when
 * most of its lines are obsolete, closed. Every change is durable before it becomes visible, and
 * has a stamp (µs since the Unix epoch) greater than any before.
 */
export class JournaledTable<Entry extends { type: string }, Change, Result> {
  readonly #content: TableContent<Entry, Change, Result>;
  readonly #log: JournalLog;
  readonly #now: () => number;
  readonly #lock: JournalLock;
  readonly #commits: GroupCommit<Change, Result>;
  readonly #snapshot: TableSnapshot | undefined;
  #journal!: Journal;
  /** The last stamp given out. */
  #lastStamp = 0;
  /** Stamp of the last valid line while the journal is loaded. */
  #lastLoaded = 0;
  #lines = 0;
  /** The file has lines that could not be read; a snapshot would hide them from the next start. */
  #isDamaged = false;
  /** A snapshot is being written, or will be. */
  #isStoring = false;
  /** Number of lines below which no rewrite is attempted. */
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
    const { snapshot, format } = content;
    this.#snapshot = snapshot && new TableSnapshot(snapshot, format, options);
    this.#commits = new GroupCommit(async (changes) => {
      const results = await content.commit(changes);
      // Not attempted at every change while there is no space for it.
      if (this.#lines > this.#patientUntil) void this.compactWhenWorthwhile();
      this.#storeWhenDue();
      return results;
    });
  }

  /**
   * Opens the journal and loads its content.
   * @throws Error if another process has it open, if the file is no journal of this format, or if
   * it cannot be read
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
      const { length, lines, lastStamp } = (await table.#snapshot?.restore()) ?? NOTHING;
      table.#lines = lines;
      table.#lastLoaded = lastStamp;
      table.raiseStamp(lastStamp);
      table.#journal = await Journal.open({
        path,
        format: content.format,
        log,
        onHeader: ({ lastStamp }) => table.raiseStamp(lastStamp),
        onEntry: (entry) => table.#load(entry),
        from: length,
      });
      table.#isDamaged = table.damagedLines > 0;
      table.#storeWhenDue();
      return table;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Number of journal lines that could not be read when it was opened. */
  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /** The last stamp given out, µs since the Unix epoch; 0 if there is none. */
  get lastStamp(): number {
    return this.#lastStamp;
  }

  /** Ensures that later stamps exceed this. @param us µs since the Unix epoch */
  raiseStamp(us: number): void {
    this.#lastStamp = Math.max(this.#lastStamp, Math.ceil(us));
  }

  /**
   * The stamp of the next change: the present, but later than all before. If the clock was set
   * back, a stamp must not be repeated, nor a change hidden from readers that have seen later ones.
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
   * Commits a change together with concurrent ones.
   * @throws what the commit throws; the file system's error if the journal cannot be written
   */
  add(change: Change): Promise<Result> {
    return this.#commits.add(change);
  }

  /**
   * Appends entries to the journal; durable when it resolves. Only within a commit, or in a task of
   * {@link exclusive}.
   * @throws the file system's error; then the journal is unchanged
   */
  async append(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#journal.append(this.#encode(entries));
    this.#lines += entries.length;
  }

  /** Runs a task while no commit is in progress. */
  exclusive(task: () => Promise<void>): Promise<void> {
    return this.#commits.exclusive(task);
  }

  /**
   * Runs a task while the journal is not rewritten and no other such task runs; commits continue.
   */
  alone<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(task);
    this.#alone = done.catch(() => {});
    return done;
  }

  /**
   * Rewrites the journal with the current content of the table only.
   * @throws the file system's error; then the journal is unchanged
   */
  compact(): Promise<void> {
    return this.alone(() => this.#compact());
  }

  /**
   * Rewrites the journal if most lines are obsolete; a failure is logged. Also checked after
   * commits; call it after an eviction, which is rare enough to try each time.
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

  /** Completes pending writes and closes the journal. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#snapshot?.stop();
    await this.#alone;
    await this.#commits.idle();
    // A commit may have begun to rewrite the journal.
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
      const complete = await copy();
      await this.#snapshot?.discard();
      await this.#journal.adopt(complete);
      this.#lines = lines;
      this.#patientUntil = 0;
      this.#isDamaged = false;
    });
    this.#storeWhenDue();
  }

  /** Writes a snapshot in the background if there is none, or if the last one is old. */
  #storeWhenDue(): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || this.#isStoring || this.#isDamaged) return;
    if (!snapshot.isDue(this.#lines, this.#content.linesNeeded())) return;
    this.#isStoring = true;
    void this.alone(() => snapshot.write(() => this.#beginSnapshot())).finally(() => {
      this.#isStoring = false;
    });
  }

  async #beginSnapshot(): Promise<SnapshotStart> {
    let start!: SnapshotStart;
    // Between two commits, the table is what the journal says.
    await this.#commits.exclusive(async () => {
      const { length } = this.#journal;
      const checksum = await this.#journal.checksum();
      const covered = { length, checksum, lines: this.#lines, lastStamp: this.#lastStamp };
      start = { covered, blocks: this.#content.snapshot!.blocks() };
    });
    return start;
  }

  #encode(entries: readonly Entry[]): Buffer {
    return Buffer.from(entries.map((entry) => encodeEntry(this.#content.format, entry)).join(''));
  }
}
