import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from '../files/durable-file.ts';
import { Journal } from './journal.ts';
import { encodeEntry, type JournalFormat } from './journal-line.ts';

/** Delay before a journal that could not be written is tried again, ms. */
const RETRY_MS = 2000;
/** A journal is rewritten when it has this many lines more than needed, and twice as many. */
const SPARE_LINES = 5000;
/** Lines that are encoded at a time when it is rewritten; they take about one millisecond. */
const LINES_AT_A_TIME = 500;

/** Options of a {@link BackgroundJournal}. */
export interface BackgroundJournalOptions<Entry> {
  /** The file; it is created with its folder if it does not exist. */
  path: string;
  format: JournalFormat<Entry>;
  /** Adds an entry of the journal to what is in memory, when it is opened. */
  load(entry: Entry): void;
  /** The entries that say everything that is in memory now. */
  snapshot(): Entry[];
  /** How many these are at most. */
  linesNeeded(): number;
  log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/**
 * A journal that nobody waits for: entries are written in the background, in order and in batches. They
 * survive the end of the process at any moment. The last half minute may be lost with the machine's power: it
 * is not worth a further sync of the disk that recordings are written to. What cannot be written (a
 * full disk) is written as soon as it can be.
 */
export class BackgroundJournal<Entry extends { type: string }> {
  readonly #options: BackgroundJournalOptions<Entry>;
  readonly #stop = new AbortController();
  #journal!: Journal;
  #waiting: string[] = [];
  /** Lines in the file. */
  #lines = 0;
  /** The file lacks entries, or has many that are obsolete. */
  #mustRewrite = false;
  #isFailing = false;
  #writing: Promise<void> | undefined;
  #current: Promise<void> = Promise.resolve();
  /** The attempt that will write what waits now. */
  #attempt: PromiseWithResolvers<void> | undefined;

  private constructor(options: BackgroundJournalOptions<Entry>) {
    this.#options = options;
  }

  /**
   * Opens and loads the journal. One that cannot be read is set aside.
   * @throws the file system's error
   */
  static async open<Entry extends { type: string }>(
    options: BackgroundJournalOptions<Entry>,
  ): Promise<BackgroundJournal<Entry>> {
    const { path, format, log } = options;
    await makeFolder(dirname(path));
    const journal = new BackgroundJournal(options);
    try {
      await journal.#open();
    } catch (err) {
      const aside = `${path}.unreadable-${Date.now()}`;
      log.error({ err, path, aside }, `the ${format.title} cannot be read; it begins anew`);
      await rename(path, aside);
      await journal.#open();
    }
    return journal;
  }

  /** Adds an entry; never throws. */
  add(entry: Entry): void {
    // While it cannot be written, the snapshot will have it.
    if (!this.#isFailing) this.#waiting.push(encodeEntry(this.#options.format, entry));
    this.#start();
  }

  /**
   * Resolves when all entries added so far have been written, or could not be; never rejects. They
   * survive the end of the process then.
   */
  async written(): Promise<void> {
    if (this.#isFailing) return;
    if (this.#waiting.length > 0) {
      this.#attempt ??= Promise.withResolvers();
      await this.#attempt.promise;
    } else await this.#current;
  }

  /** Writes what waits, syncs, and closes the file. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
    try {
      await this.#journal.close();
    } catch (err) {
      const { path, format, log } = this.#options;
      log.error({ err, path }, `the ${format.title} cannot be closed`);
    }
  }

  async #open(): Promise<void> {
    const { path, format, load, log } = this.#options;
    this.#journal = await Journal.open<Entry>({
      path,
      format,
      log,
      isLazy: true,
      onHeader: () => {},
      onEntry: (entry) => {
        load(entry);
        this.#lines++;
        return true;
      },
    });
  }

  #start(): void {
    this.#writing ??= this.#run();
  }

  async #run(): Promise<void> {
    // Entries of the same turn share a write.
    await null;
    while (this.#waiting.length > 0 || this.#mustRewrite) {
      const attempt = this.#attempt;
      this.#attempt = undefined;
      this.#current = this.#writeOnce();
      await this.#current;
      attempt?.resolve();
      if (!this.#isFailing) continue;
      this.#resolveAttempt();
      if (this.#stop.signal.aborted) break;
      await delay(RETRY_MS, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
    }
    // In the same turn as the last check for work; otherwise an entry that arrives in between would
    // wait for ever.
    this.#writing = undefined;
  }

  #resolveAttempt(): void {
    this.#attempt?.resolve();
    this.#attempt = undefined;
  }

  /** Never rejects. */
  async #writeOnce(): Promise<void> {
    const { path, format, linesNeeded, log } = this.#options;
    const lines = this.#waiting;
    const wasFailing = this.#isFailing;
    this.#waiting = [];
    // What is added from here on is written after this; see the snapshot of a rewrite.
    this.#isFailing = false;
    try {
      if (this.#mustRewrite) await this.#rewrite();
      else {
        await this.#journal.append(Buffer.from(lines.join('')));
        this.#lines += lines.length;
        const needed = linesNeeded();
        this.#mustRewrite = this.#lines > Math.max(2 * needed, needed + SPARE_LINES);
      }
      if (wasFailing) log.warn({ path }, `the ${format.title} can be written again`);
    } catch (err) {
      if (!wasFailing) log.error({ err, path }, `the ${format.title} cannot be written`);
      this.#isFailing = true;
      this.#mustRewrite = true;
      this.#waiting = [];
    }
  }

  /** @throws the file system's error; then the file is unchanged */
  async #rewrite(): Promise<void> {
    const { format, snapshot } = this.#options;
    const entries = snapshot();
    const rewrite = await this.#journal.startRewrite(0);
    try {
      for (let at = 0; at < entries.length; at += LINES_AT_A_TIME) {
        const some = entries.slice(at, at + LINES_AT_A_TIME);
        await rewrite.append(Buffer.from(some.map((entry) => encodeEntry(format, entry)).join('')));
      }
    } catch (error) {
      await rewrite.abandon();
      throw error;
    }
    await this.#journal.adopt(rewrite);
    this.#lines = entries.length;
    this.#mustRewrite = false;
  }
}
