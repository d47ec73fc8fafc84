import path from 'node:path';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { markComplete, openWithCare } from '../journal/journal-care.ts';
import { folderOf } from '../layout/object-path.ts';
import { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import { recordJournal } from '../record-catalogue/record-journal.ts';
import { IndexRetention, retainedFromUs } from '../retention/index-retention.ts';
import { SegmentIndex } from '../segment-index/segment-index.ts';
import { segmentJournal } from '../segment-index/segment-journal.ts';
import type { RecordingsReader } from '../storage/recordings-reader.ts';
import { IndexRebuild, type RebuildResult } from './index-rebuild.ts';

/** How an {@link IndexLife} is opened. */
export interface IndexLifeOptions {
  /** Path of the segment journal; that of the records lies beside it. */
  indexPath: string;
  nodeAlias: string;
  /** See `recorder.index_retention_days`. */
  retentionDays: number;
  /** A pause up to this belongs to a record, seconds. */
  resumeGraceSeconds: number;
  /** Add lost records also where the record journal is whole. */
  withRecords?: boolean;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** µs since the Unix epoch; the steady clock where left out. */
  now?: () => number;
}

/** What index and catalogue are completed from. */
export interface Recorded {
  reader: RecordingsReader;
  /** Whether a segment's upload is yet to come; without this none is uploaded. */
  isWaiting?(path: string): boolean;
}

/** Path of the record journal beside a segment journal. */
export function recordJournalPath(indexPath: string): string {
  return path.join(path.dirname(indexPath), 'records.jsonl');
}

/**
 * Segment index and record catalogue through their life: opened, completed from the recordings where
 * a journal was lost or damaged, rid of what is too old, closed.
 */
export class IndexLife {
  readonly index: SegmentIndex;
  readonly catalogue: RecordCatalogue;
  readonly #options: IndexLifeOptions;
  readonly #now: () => number;
  /** Whether index and catalogue lack what the recordings tell. */
  readonly #lacks: { segments: boolean; records: boolean };
  readonly #openedUs: number;
  readonly #retention: IndexRetention;
  readonly #stop = new AbortController();
  #completing: Promise<void> = Promise.resolve();

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
    const { retentionDays: days, log } = options;
    this.#retention = new IndexRetention({ index, catalogue, days, log, now: this.#now });
  }

  /**
   * Opens both journals; see {@link openWithCare}.
   * @throws Error when another process has one open, or when one is a file of somebody else
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
      return new IndexLife(options, segments.opened, records.opened, {
        segments: segments.isIncomplete,
        records: records.isIncomplete || (options.withRecords ?? false),
      });
    } catch (error) {
      await segments.opened.close();
      throw error;
    }
  }

  /**
   * Takes up what cannot wait, where something is lacking: the folders of records that go on, whose
   * end has to be known before they are ended.
   * @param reader what is on this machine
   */
  async prepare(reader: RecordingsReader): Promise<void> {
    if (!this.#lacks.segments && !this.#lacks.records) return;
    try {
      const rebuild = await this.#begin({ reader }, this.#openedUs);
      await rebuild.runFirst(this.#activeFolders());
    } catch (err) {
      this.#options.log.error({ err }, 'the recordings cannot be read to complete the index');
    }
  }

  /**
   * Begins to work by itself: to complete what is lacking, while recording goes on, and to drop what
   * is too old.
   * @param recorded all of it
   */
  start(recorded: Recorded): void {
    this.#retention.start();
    if (!this.#lacks.segments && !this.#lacks.records) return;
    const { log } = this.#options;
    this.#completing = this.complete(recorded, this.#openedUs).then(
      (result) => {
        // A first start has nothing to tell.
        if (result && result.segments + result.records > 0) {
          log.info({ ...result }, 'the index is complete');
        }
      },
      (err: unknown) => {
        log.error({ err }, 'the index could not be completed; the next start tries again');
      },
    );
  }

  /**
   * Completes index and catalogue from the recordings.
   * @param untilUs what ended later is left out, µs since the Unix epoch
   * @returns undefined when closing came first
   * @throws what the reader throws; Error of the file system when a journal cannot be written
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
    return rebuild.result;
  }

  /** Ends what {@link start} began, and reads no recordings any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#retention.stop();
    await this.#completing;
  }

  /** Ends what is under way, and gives both journals free. */
  async close(): Promise<void> {
    await this.stop();
    const results = await Promise.allSettled([this.index.close(), this.catalogue.close()]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #begin(recorded: Recorded, untilUs: number): Promise<IndexRebuild> {
    const { index, catalogue } = this;
    const { retentionDays, resumeGraceSeconds, log } = this.#options;
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
      fromUs: retainedFromUs(retentionDays, this.#now()),
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
