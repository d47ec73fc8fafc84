import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { absent } from '../files/absent.ts';
import { markComplete, openWithCare } from '../journal/journal-care.ts';
import { folderOf } from '../layout/object-path.ts';
import { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import { recordJournal } from '../record-catalogue/record-journal.ts';
import { IndexRetention, retainedFromUs } from '../retention/index-retention.ts';
import { SegmentIndex } from '../segment-index/segment-index.ts';
import { segmentJournal } from '../segment-index/segment-journal.ts';
import type { RecordingsReader } from '../storage/recordings-reader.ts';
import { IndexRebuild, type RebuildResult } from './index-rebuild.ts';

/** Options of an {@link IndexLife}. */
export interface IndexLifeOptions {
  /** Path of the segment journal; the record journal is beside it. */
  indexPath: string;
  nodeAlias: string;
  /** See `recorder.index_retention_days`. */
  retentionDays: number;
  /**
   * Rows only leave with their files, whatever `retentionDays` says: the index must know all that
   * is to be deleted.
   */
  isForDeletion?: boolean;
  /** Maximum pause within a record, seconds. */
  resumeGraceSeconds: number;
  /** Add lost records even if the record journal is intact. */
  withRecords?: boolean;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Returns µs since the Unix epoch; the steady clock by default. */
  now?: () => number;
}

/**
 * Rows are dropped once an hour; what ended so long after those that are old enough, µs, is at least
 * almost a day old.
 */
const DROPPED_MARGIN_US = 3_600_000_000;

/** The recordings from which index and catalogue are completed. */
export interface Recorded {
  reader: RecordingsReader;
  /** Whether a segment still waits for upload; by default none does. */
  isWaiting?(path: string): boolean;
}

/** Path of the record journal that belongs to a segment journal. */
export function recordJournalPath(indexPath: string): string {
  return path.join(path.dirname(indexPath), 'records.jsonl');
}

/**
 * The life of segment index and record catalogue: they are opened, completed from the recordings if
 * a journal was lost or damaged, relieved of old rows, and closed.
 */
export class IndexLife {
  readonly index: SegmentIndex;
  readonly catalogue: RecordCatalogue;
  readonly #options: IndexLifeOptions;
  readonly #now: () => number;
  /** Whether index and catalogue lack entries that the recordings have. */
  readonly #lacks: { segments: boolean; records: boolean };
  readonly #openedUs: number;
  readonly #retention: IndexRetention;
  /** See {@link IndexLifeOptions.retentionDays}; 0 if rows only leave with their files. */
  #days: number;
  #isForDeletion: boolean;
  /** What {@link start} got; undefined if it was stopped before. */
  readonly #recorded = Promise.withResolvers<Recorded | undefined>();
  readonly #stop = new AbortController();
  /** True while older recordings are being added in the background. */
  isCompleting = false;
  #completing: Promise<boolean> = Promise.resolve(true);

  private constructor(
    options: IndexLifeOptions,
    index: SegmentIndex,
    catalogue: RecordCatalogue,
    lacks: { segments: boolean; records: boolean },
  ) {
    this.#options = options;
    this.#now = options.now ?? steadyNowUs;
    this.#openedUs = this.#now();
    this.index = index;
    this.catalogue = catalogue;
    this.#lacks = lacks;
    const { retentionDays: days, isForDeletion = false, log } = options;
    this.#isForDeletion = isForDeletion;
    this.#days = isForDeletion ? 0 : days;
    const ofIndex = { index, catalogue, days: this.#days, log, now: this.#now };
    this.#retention = new IndexRetention(ofIndex);
  }

  /**
   * Opens both journals; see {@link openWithCare}.
   * @throws Error if another process has one open, or if one is a foreign file
   */
  static async open(options: IndexLifeOptions): Promise<IndexLife> {
    const { indexPath, nodeAlias, log, now } = options;
    const clock = now === undefined ? {} : { now };
    const segments = await openWithCare(indexPath, segmentJournal, log, () =>
      SegmentIndex.open({ journalPath: indexPath, nodeAlias, log, ...clock }),
    );
    try {
      const recordsPath = recordJournalPath(indexPath);
      const records = await openWithCare(recordsPath, recordJournal, log, () =>
        RecordCatalogue.open({ journalPath: recordsPath, log, ...clock }),
      );
      const lacksOld = await lacksOldRows(options);
      return new IndexLife(options, segments.opened, records.opened, {
        segments: segments.isIncomplete || lacksOld,
        records: records.isIncomplete || (options.withRecords ?? false),
      });
    } catch (error) {
      await segments.opened.close();
      throw error;
    }
  }

  /**
   * Does what cannot wait if entries are missing: reads the folders of active records, whose end
   * must be known before they are ended.
   * @param reader of this machine's files
   */
  async prepare(reader: RecordingsReader): Promise<void> {
    if (!this.#lacks.segments && !this.#lacks.records) return;
    try {
      const rebuild = await this.#begin({ reader }, this.#openedUs);
      await rebuild.runFirst(this.#activeFolders());
    } catch (err) {
      this.#options.log.error({ err }, 'cannot read the recordings to complete the index');
    }
  }

  /**
   * Starts the background work: completes what is missing, while recording continues, and drops old
   * rows.
   * @param recorded all recordings
   */
  start(recorded: Recorded): void {
    this.#recorded.resolve(recorded);
    if (!this.#isForDeletion) this.#retention.start();
    if (!this.#lacks.segments && !this.#lacks.records) return;
    this.#completing = this.#completeInBackground(recorded, this.#openedUs);
  }

  /**
   * From now on rows only leave with their files, see {@link IndexLifeOptions.isForDeletion}; takes those
   * that were dropped before from the recordings. Never rejects.
   * @returns false if they could not be read
   */
  keepRows(): Promise<boolean> {
    this.#days = 0;
    this.#isForDeletion = true;
    const completing = this.#completing.then(async () => {
      const [recorded] = await Promise.all([this.#recorded.promise, this.#retention.stop()]);
      if (recorded === undefined) return false;
      const { retentionDays: days } = this.#options;
      // What ended later was announced and not dropped, or is about to be announced.
      const droppedUs = days === 0 ? 0 : retainedFromUs(days, this.#now()) + DROPPED_MARGIN_US;
      return this.#completeInBackground(recorded, Math.max(this.#openedUs, droppedUs));
    });
    this.#completing = completing;
    return completing;
  }

  async #completeInBackground(recorded: Recorded, untilUs: number): Promise<boolean> {
    const { log } = this.#options;
    this.isCompleting = true;
    try {
      const result = await this.complete(recorded, untilUs);
      // At the first start there is nothing to report.
      if (result && result.segments + result.records > 0) {
        log.info({ ...result }, 'the index is complete');
      }
      return result !== undefined;
    } catch (err) {
      log.error({ err }, 'the index could not be completed; the next start tries again');
      return false;
    } finally {
      this.isCompleting = false;
    }
  }

  /** Resolves when what {@link start} began is done, with false if entries are still missing. */
  get completed(): Promise<boolean> {
    return this.#completing;
  }

  /**
   * Completes index and catalogue from the recordings.
   * @param untilUs segments that ended later are ignored, µs since the Unix epoch
   * @returns undefined if it was closed before that
   * @throws what the reader throws; the file system's error if a journal cannot be written
   */
  async complete(
    recorded: Recorded,
    untilUs = Number.POSITIVE_INFINITY,
  ): Promise<RebuildResult | undefined> {
    const rebuild = await this.#begin(recorded, untilUs);
    if (!(await rebuild.run(this.#stop.signal))) return undefined;
    const { indexPath } = this.#options;
    await markComplete(indexPath);
    await markComplete(recordJournalPath(indexPath));
    if (this.#isForDeletion) await writeFile(wholePath(indexPath), '');
    return rebuild.result;
  }

  /** False once it is being stopped. */
  get isOpen(): boolean {
    return !this.#stop.signal.aborted;
  }

  /** Stops what {@link start} began, and reads no more recordings. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#recorded.resolve(undefined);
    await this.#retention.stop();
    await this.#completing;
  }

  /** Ends all work in progress and closes both journals. */
  async close(): Promise<void> {
    await this.stop();
    const results = await Promise.allSettled([this.index.close(), this.catalogue.close()]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #begin(recorded: Recorded, untilUs: number): Promise<IndexRebuild> {
    const { index, catalogue } = this;
    const { resumeGraceSeconds, log } = this.#options;
    const streams = new Map(index.folders().map(({ folder, stream }) => [folder, stream]));
    for (const stream of catalogue.streams()) {
      for (const { mpdPath } of catalogue.records(stream)) {
        streams.set(folderOf(mpdPath), stream);
      }
    }
    return IndexRebuild.begin({
      ...recorded,
      index,
      catalogue,
      streamOf: (folder) => streams.get(folder),
      fromUs: retainedFromUs(this.#days, this.#now()),
      untilUs,
      graceUs: resumeGraceSeconds * 1e6,
      withRecords: this.#lacks.records,
      now: this.#now,
      log,
    });
  }

  #activeFolders(): string[] {
    const { catalogue } = this;
    const active = catalogue
      .streams()
      .flatMap((stream) => catalogue.records(stream))
      .filter(({ status }) => status === 'Active');
    return active.map(({ mpdPath }) => folderOf(mpdPath));
  }
}

/** Marks an index from which no rows were dropped whose files are still there. */
function wholePath(indexPath: string): string {
  return `${indexPath}.whole`;
}

/** Whether rows were dropped from the index, while files were kept, that it must have now. */
async function lacksOldRows({ indexPath, isForDeletion }: IndexLifeOptions): Promise<boolean> {
  const mark = wholePath(indexPath);
  if (isForDeletion) return (await stat(mark).catch(absent)) === undefined;
  await rm(mark, { force: true });
  return false;
}
