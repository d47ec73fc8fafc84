import type { RecordFacts } from '../facts/record-facts.ts';
import type { FactListener } from '../facts/recording-fact.ts';

/** Options of a {@link CurrentRecord}. */
export interface CurrentRecordOptions {
  stream: string;
  /**
   * Maximum length of a record, seconds; the next one begins without losing a frame. 0: unlimited.
   */
  maxRecordingSeconds: number;
  /** Returns an identifier for the next record. */
  nextRecordId(): string;
  /** Receives each record when it begins and when it ends. */
  onFact: FactListener;
}

/** The record of a stream's recording, if one is open. */
export class CurrentRecord {
  readonly #options: CurrentRecordOptions;
  #facts: RecordFacts | undefined;

  constructor(options: CurrentRecordOptions) {
    this.#options = options;
  }

  /** Identifier of the record; undefined before its first sample. */
  get id(): string | undefined {
    return this.#facts?.recordId;
  }

  /**
   * True if the record has reached its maximum length at an instant. @param us µs since the Unix
   * epoch
   */
  isLongEnough(us: number): boolean {
    const { maxRecordingSeconds } = this.#options;
    if (this.#facts === undefined || maxRecordingSeconds === 0) return false;
    return us - this.#facts.startUs >= maxRecordingSeconds * 1e6;
  }

  /**
   * Begins a record, unless one is open. @param startUs of its first sample, µs since the Unix
   * epoch
   */
  begin(startUs: number, mpdPath: string): void {
    if (this.#facts !== undefined) return;
    const { stream, nextRecordId, onFact } = this.#options;
    const start = Math.round(startUs);
    this.#facts = { stream, recordId: nextRecordId(), startUs: start, mpdPath, status: 'Active' };
    onFact({ type: 'record', record: this.#facts });
  }

  /**
   * Ends the open record, if there is one. @param endUs of its last sample, µs since the Unix epoch
   */
  end(endUs: number, status: 'Completed' | 'Failed'): void {
    if (this.#facts === undefined) return;
    const { startUs } = this.#facts;
    // Final times may precede the provisional start, by less than the network delay.
    const ended = { ...this.#facts, endUs: Math.max(startUs, Math.round(endUs)), status };
    this.#facts = undefined;
    this.#options.onFact({ type: 'record', record: ended });
  }
}
