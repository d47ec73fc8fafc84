import { uptimeUs } from '../clock/steady-clock.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RecordingEvents } from '../events/recording-events.ts';
import type { RecordFacts } from '../facts/record-facts.ts';
import type { RecordingFact, SegmentFact } from '../facts/recording-fact.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import { JournalFeed } from './journal-feed.ts';
import type { Uploads } from './uploads.ts';

/**
 * Distributes the facts of all recordings: files go to the spool, segments to the index, records to
 * the catalogue, and events to whom they concern.
 */
export class FactSink {
  /**
   * Called for each segment that was recorded a moment ago, once it is in the index, with the time since what
   * ended it had arrived, seconds.
   */
  onIndexed: ((seconds: number) => void) | undefined;
  readonly #index: SegmentIndex;
  readonly #events: RecordingEvents | undefined;
  readonly #uploads: Uploads | undefined;
  readonly #segments: JournalFeed<SegmentFact>;
  readonly #records: JournalFeed<RecordFacts>;
  /** Paths of the segments that are on their way into the index. */
  readonly #adding = new Set<string>();

  /** @param uploads present if files are moved from this disk to a store */
  constructor(
    index: SegmentIndex,
    catalogue: RecordCatalogue,
    uploads: Uploads | undefined,
    log: RecordingLog,
    events?: RecordingEvents,
  ) {
    this.#index = index;
    this.#events = events;
    this.#uploads = uploads;
    // A segment without a row is announced again after a crash, and so is its event. One with a row is
    // not, so that its event has to be written before. The same holds for records.
    const prepare = async () => events?.written();
    this.#segments = new JournalFeed({
      prepare,
      put: (fact) => this.#list(fact),
      name: ({ segment: { stream, path } }) => ({ stream, path }),
      failure: 'a segment could not be added to the index',
      log,
    });
    this.#records = new JournalFeed({
      prepare,
      put: (record) => catalogue.put(record),
      name: ({ stream, recordId }) => ({ stream, record: recordId }),
      failure: 'a record could not be written to the catalogue',
      log,
    });
  }

  /** Accepts a fact; facts are written to the journals in the order of these calls. */
  take(fact: RecordingFact): void {
    this.#uploads?.take(fact);
    if (fact.type !== 'segment' || !this.#index.has(fact.segment.path)) this.#events?.take(fact);
    if (fact.type === 'segment') this.#segments.add(fact);
    else if (fact.type === 'record') this.#records.add(fact.record);
  }

  async #list({ segment, endedUs }: SegmentFact): Promise<void> {
    const { path } = segment;
    // After a crash, a folder announces segments again that the index may already have.
    if (this.#index.has(path) || this.#adding.has(path)) return;
    this.#adding.add(path);
    try {
      await this.#index.add(segment, this.#uploads === undefined);
    } finally {
      this.#adding.delete(path);
    }
    if (endedUs !== undefined) this.onIndexed?.((uptimeUs() - endedUs) / 1e6);
    await this.#uploads?.onListed(path);
  }

  /** Resolves when everything accepted so far is durable in index and catalogue. */
  async idle(): Promise<void> {
    await Promise.all([this.#segments.idle(), this.#records.idle()]);
  }

  /** Tries once more what could not be written, then gives up. */
  async close(): Promise<void> {
    await Promise.all([this.#segments.close(), this.#records.close()]);
  }
}
