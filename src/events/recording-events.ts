import type { RecordFacts } from '../facts/record-facts.ts';
import type { RecordingFact } from '../facts/recording-fact.ts';
import type { Segment } from '../facts/segment.ts';
import type { Emit } from './event.ts';

/**
 * Time without sound and picture that is a gap, µs. Tracks of a new Period begin some milliseconds
 * apart from the end of the last one.
 */
const LEAST_GAP_US = 100_000;

/** Where events of recordings go. */
export interface RecordingEventsTarget {
  emit: Emit;
  /**
   * Resolves when everything emitted so far survives the end of the process, or could not be written;
   * never rejects.
   */
  written(): Promise<void>;
}

interface OpenRecord {
  recordId: string;
  /** End of its media so far, µs since the Unix epoch; undefined before the first segment. */
  endUs?: number;
}

/** Makes events of what recordings report: a segment, not a packet, is the most frequent of them. */
export class RecordingEvents {
  readonly #target: RecordingEventsTarget;
  readonly #open = new Map<string, OpenRecord>();

  constructor(target: RecordingEventsTarget) {
    this.#target = target;
  }

  /** See {@link RecordingEventsTarget.written}. */
  written(): Promise<void> {
    return this.#target.written();
  }

  /** Accepts a fact, in the order in which recordings report them. */
  take(fact: RecordingFact): void {
    if (fact.type === 'segment') this.#segment(fact.segment);
    else if (fact.type === 'record') this.#record(fact.record);
  }

  #segment({ stream, kind, startUs, endUs, periodReason, ...file }: Segment): void {
    const open = this.#open.get(stream);
    if (open !== undefined) {
      if (open.endUs !== undefined && startUs - open.endUs >= LEAST_GAP_US) {
        const reason = periodReason && { reason: periodReason };
        const gap = { record: open.recordId, start_ts: open.endUs, end_ts: startUs, ...reason };
        this.#target.emit('recording.gap', gap, stream);
      }
      open.endUs = Math.max(open.endUs ?? 0, endUs);
    }
    const { path, initPath, size, codec } = file;
    const times = { start_ts: startUs, end_ts: endUs };
    this.#target.emit(
      'segment.stored',
      { kind, path, init_path: initPath, ...times, size, codec },
      stream,
    );
  }

  #record({ stream, recordId, startUs, endUs = startUs, mpdPath, status }: RecordFacts): void {
    const open = this.#open.get(stream);
    const common = { record: recordId, start_ts: startUs, mpd_path: mpdPath };
    if (status !== 'Active') {
      if (open?.recordId === recordId) this.#open.delete(stream);
      this.#target.emit('recording.ended', { ...common, end_ts: endUs, status }, stream);
      // A record is reported again when its start is known more exactly.
    } else if (open?.recordId !== recordId) {
      this.#open.set(stream, { recordId });
      this.#target.emit('recording.started', common, stream);
    }
  }
}
