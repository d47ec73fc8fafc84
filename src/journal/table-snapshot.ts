import { open } from 'node:fs/promises';
import type { JournalLog } from './journal.ts';
import type { JournalFormat } from './journal-line.ts';
import { journalChecksum } from './journal-reader.ts';
import {
  removeSnapshot,
  removeUnfinished,
  SnapshotReader,
  writeSnapshot,
} from './snapshot-file.ts';

/**
 * A snapshot is written when the journal has this many lines more than the last one contains, and at least a
 * tenth of what the table needs: this bounds both what is left to read at the start, to some tenths of
 * the time that the whole journal takes, and what is written, to ten times the rows.
 */
const LINES_APART = 20_000;
const PART_OF_TABLE = 0.1;

/** What a table in memory provides to be stored as it is. */
export interface SnapshotContent {
  /** The version of the blocks that is written, and the only one that is read. */
  version: number;
  /**
   * Begins to read the table as blocks; see {@link writeSnapshot}. They contain what is in the table at
   * the time of the call, although entries are added while they are read. Nothing is removed meanwhile.
   */
  blocks(): Iterable<Uint8Array>;
  /**
   * Fills the table from the blocks.
   * @param next see {@link SnapshotReader.next}
   * @param finish throws unless all were read; the table is unchanged before
   * @throws any error if they cannot be understood; then the table is unchanged
   */
  restore(next: () => Promise<Uint8Array>, finish: () => void): Promise<void>;
}

/** The part of a journal that a snapshot contains. */
export interface CoveredJournal {
  /** Size of the part, bytes. */
  length: number;
  /** CRC-32 of its beginning and its end. */
  checksum: number;
  /** Number of lines. */
  lines: number;
  /** The last stamp that was given out, µs since the Unix epoch. */
  lastStamp: number;
}

/** Options of a {@link TableSnapshot}. */
export interface TableSnapshotOptions {
  journalPath: string;
  log: JournalLog;
  /** Lines that the journal has more when the next one is written, at least; 20,000 by default. */
  snapshotLines?: number;
}

/** A snapshot that is about to be written. */
export interface SnapshotStart {
  covered: CoveredJournal;
  blocks: Iterable<Uint8Array>;
}

/**
 * The snapshot of a table beside its journal: a faster way to the same state, and never the only one. It says which
 * part of the journal it contains; what follows is read from the journal. If anything about it is odd, the whole
 * journal is read, as if it did not exist.
 */
export class TableSnapshot {
  readonly #journalPath: string;
  readonly #path: string;
  readonly #content: SnapshotContent;
  readonly #format: Pick<JournalFormat<unknown>, 'name' | 'title'>;
  readonly #log: JournalLog;
  readonly #linesApart: number;
  readonly #stop = new AbortController();
  /** Number of journal lines that it contains, or with which writing it was last attempted. */
  #lines = 0;

  constructor(
    content: SnapshotContent,
    format: Pick<JournalFormat<unknown>, 'name' | 'title'>,
    { journalPath, log, snapshotLines = LINES_APART }: TableSnapshotOptions,
  ) {
    this.#journalPath = journalPath;
    this.#path = `${journalPath}.snapshot`;
    this.#content = content;
    this.#format = format;
    this.#log = log;
    this.#linesApart = snapshotLines;
  }

  /**
   * Fills the table, if there is a snapshot that fits the journal; a reason why it is not used is logged,
   * and it is deleted.
   */
  async restore(): Promise<CoveredJournal | undefined> {
    const path = this.#path;
    try {
      await removeUnfinished(path);
      const covered = await this.#restore();
      this.#lines = covered?.lines ?? 0;
      return covered;
    } catch (err) {
      const { title } = this.#format;
      this.#log.warn(
        { err, path },
        `the snapshot of the ${title} is not used; the journal is read`,
      );
      await this.discard();
      return undefined;
    }
  }

  /** Whether it is time to write one. @param needed lines that the table needs */
  isDue(lines: number, needed: number): boolean {
    if (this.#stop.signal.aborted) return false;
    return lines - this.#lines > Math.max(this.#linesApart, needed * PART_OF_TABLE);
  }

  /**
   * Writes one; a failure is logged, and the earlier one stays.
   * @param begin waits until the table is what the journal says, and returns its blocks and the journal's
   * extent at this moment
   */
  async write(begin: () => Promise<SnapshotStart>): Promise<void> {
    if (this.#stop.signal.aborted) return;
    try {
      const { blocks, covered } = await begin();
      // Also if it fails: it is not attempted at every change while there is no space for it.
      this.#lines = covered.lines;
      await writeSnapshot(this.#path, this.#withHead(covered, blocks), this.#stop.signal);
    } catch (err) {
      if (this.#stop.signal.aborted) return;
      const path = this.#path;
      const { title } = this.#format;
      this.#log.warn({ err, path }, `the snapshot of the ${title} could not be written`);
    }
  }

  /** Deletes it, before the journal is replaced by another. */
  async discard(): Promise<void> {
    this.#lines = 0;
    await removeSnapshot(this.#path).catch((err: unknown) => {
      const path = this.#path;
      this.#log.warn({ err, path }, `the snapshot of the ${this.#format.title} cannot be deleted`);
    });
  }

  /** No other is written; ends the one that is. */
  stop(): void {
    this.#stop.abort();
  }

  *#withHead(covered: CoveredJournal, blocks: Iterable<Uint8Array>): Iterable<Uint8Array> {
    yield Buffer.from(JSON.stringify([this.#format.name, this.#content.version, covered]));
    yield* blocks;
  }

  async #restore(): Promise<CoveredJournal | undefined> {
    const reader = await SnapshotReader.open(this.#path);
    if (reader === undefined) return undefined;
    try {
      const [name, version, covered] = JSON.parse(Buffer.from(await reader.next()).toString());
      if (name !== this.#format.name || version !== this.#content.version) {
        throw new Error(`it is version ${version} of a snapshot of a ${name}`);
      }
      await this.#checkJournal(covered);
      await this.#content.restore(
        () => reader.next(),
        () => reader.finish(),
      );
      return covered;
    } finally {
      await reader.close();
    }
  }

  async #checkJournal({ length, checksum }: CoveredJournal): Promise<void> {
    const file = await open(this.#journalPath);
    try {
      if ((await journalChecksum(file, length)) !== checksum) {
        throw new Error('the journal is not the one of which it was made');
      }
    } finally {
      await file.close();
    }
  }
}
