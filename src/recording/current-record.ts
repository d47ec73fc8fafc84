import type { RecordFacts } from '../facts/record-facts.ts';
import type { FactListener } from '../facts/recording-fact.ts';

/** Settings of a {@link CurrentRecord}. */
export interface CurrentRecordOptions {
  stream: string;
  /** After this long a new record begins without losing a frame, seconds; 0: never. */
  maxRecordingSeconds: number;
  /** An identifier for the next record. */
  nextRecordId(): string;
  /** Told of each record as it begins and as it ends. */
  onFact: FactListener;
}

/** The record that a stream's recording is in, if it is in one. */
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

  /** True when the record has lasted long enough at an instant. @param us since the Unix epoch */
  isLongEnough(us: number): boolean {
    const { maxRecordingSeconds } = this.#options;
    if (this.#facts === undefined || maxRecordingSeconds === 0) return false;
    return us - this.#facts.startUs >= maxRecordingSeconds * 1e6;
  }

  /** Begins a record, unless one goes on. @param startUs of its first sample, µs since the epoch */
  begin(startUs: number, mpdPath: string): void {
    if (this.#facts !== undefined) return;
    const { stream, nextRecordId, onFact } = this.#options;
    const start = Math.round(startUs);
    this.#facts = { stream, recordId: nextRecordId(), startUs: start, mpdPath, status: 'Active' };
    onFact({ type: 'record', record: this.#facts });
  }

  /** Ends the record that goes on, if there is one. @param endUs of its last sample */
  end(endUs: number, status: 'Completed' | 'Failed'): void {
    if (this.#facts === undefined) return;
    const { startUs } = this.#facts;
    // Times that became final after the start may lie before it, by less than the network's delay.
    const ended = { ...this.#facts, endUs: Math.max(startUs, Math.round(endUs)), status };
    this.#facts = undefined;
    this.#options.onFact({ type: 'record', record: ended });
  }
}
