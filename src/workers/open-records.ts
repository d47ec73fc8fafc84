import { steadyNowUs } from '../clock/steady-clock.ts';
import { type CrashRecoveryOptions, closeAbandoned } from '../day-folder/crash-recovery.ts';
import type { RecordFacts } from '../facts/record-facts.ts';
import type { FactListener, RecordingFact } from '../facts/recording-fact.ts';
import { folderOf } from '../layout/object-path.ts';
import type { LeftFolder } from '../streams/calls.ts';

/** A record that is open in a worker. */
export interface OpenRecord {
  record: RecordFacts;
  /**
   * End of its announced media, µs since the Unix epoch; the start of the record if none was
   * announced.
   */
  endUs: number;
}

/** The records that are open in the workers, as far as the main thread has been told. */
export class OpenRecords {
  readonly #byStream = new Map<string, OpenRecord>();

  /** Accepts a fact from a worker. */
  take(fact: RecordingFact): void {
    if (fact.type === 'segment') {
      const open = this.#byStream.get(fact.segment.stream);
      if (open) open.endUs = Math.max(open.endUs, fact.segment.endUs);
    }
    if (fact.type !== 'record') return;
    const { record } = fact;
    const known = this.#byStream.get(record.stream);
    const isKnown = known?.record.recordId === record.recordId;
    if (record.status !== 'Active') this.#byStream.delete(record.stream);
    else
      this.#byStream.set(record.stream, { record, endUs: isKnown ? known.endUs : record.startUs });
  }

  /** The stream whose recording writes a manifest. @param mpdPath its object path */
  streamOf(mpdPath: string): string | undefined {
    for (const { record } of this.#byStream.values()) {
      if (record.mpdPath === mpdPath) return record.stream;
    }
    return undefined;
  }

  /** Removes and returns the stream's record, if one is open. */
  remove(stream: string): OpenRecord | undefined {
    const open = this.#byStream.get(stream);
    this.#byStream.delete(stream);
    return open;
  }
}

/**
 * Closes a record that a worker left open when it died: its segments are recovered and announced,
 * and the record ends with the last of them.
 * @returns its folder if that cannot be closed now
 */
export async function closeLeftRecord(
  open: OpenRecord,
  options: Pick<CrashRecoveryOptions, 'root' | 'isKnown' | 'remote' | 'owners' | 'log'>,
  onFact: FactListener,
): Promise<LeftFolder | undefined> {
  let unclosed: LeftFolder | undefined;
  const { record } = open;
  // Segments that were announced before are not announced again.
  let { endUs } = open;
  await closeAbandoned(folderOf(record.mpdPath), record.startUs, {
    ...options,
    streamOf: () => record.stream,
    indexedUs: 0,
    nowUs: steadyNowUs(),
    onFact: (fact) => {
      if (fact.type === 'segment') endUs = Math.max(endUs, fact.segment.endUs);
      onFact(fact);
    },
    onUnclosed: (stream, folder, dayUs) => {
      unclosed = { stream, folder, dayUs };
    },
  });
  onFact({ type: 'record', record: { ...record, endUs, status: 'Failed' } });
  return unclosed;
}
