import type { RecordFacts } from '../facts/record-facts.ts';
import type { JournalFormat } from '../journal/journal-line.ts';
import { checkRecord, type RecordKey } from './record.ts';
import type { Receipt } from './record-table.ts';

/** A line of the record journal. */
export type RecordEntry =
  | { type: 'record'; updatedAt: number; newsAt: number; record: RecordFacts }
  | { type: 'receipt'; receipt: Receipt; key: RecordKey }
  /** The media of the record is deleted. */
  | { type: 'forget'; key: RecordKey }
  /**
   * All earlier records that ended at or before `beforeUs` are dropped; those without a receipt
   * only if they ended at or before `unackedBeforeUs`. µs since the Unix epoch.
   */
  | { type: 'evict'; beforeUs: number; unackedBeforeUs: number };

/** The journal of the record catalogue. */
export const recordJournal: JournalFormat<RecordEntry> = {
  name: 'live777-recorder record journal',
  title: 'record journal',
  version: 1,
  toArray,
  fromArray,
  stampOf: (entry) => (entry.type === 'record' ? entry.updatedAt : undefined),
};

function toArray(entry: RecordEntry): unknown[] {
  switch (entry.type) {
    case 'evict':
      return ['evict records', entry.beforeUs, entry.unackedBeforeUs];
    case 'forget':
      return ['forget', entry.key.stream, entry.key.record];
    case 'receipt':
      return [entry.receipt, entry.key.stream, entry.key.record];
    case 'record': {
      const { stream, recordId, startUs, endUs, mpdPath, status } = entry.record;
      const times = [entry.updatedAt, entry.newsAt, startUs, endUs ?? null];
      return ['record', ...times, stream, recordId, mpdPath, status];
    }
  }
}

type RecordArray = [
  type: 'record',
  updatedAt: number,
  newsAt: number,
  startUs: number,
  endUs: number | null,
  stream: string,
  recordId: string,
  mpdPath: string,
  status: RecordFacts['status'],
];

/**
 * The checksum detects damage, but not an invalid line that another program wrote; such a record
 * would block Liveman from all later ones.
 *
 * @throws TypeError or RangeError for such a line
 */
function fromArray(array: unknown[]): RecordEntry | undefined {
  switch (array[0]) {
    case 'evict records':
      // Lines of older versions have no second time.
      return {
        type: 'evict',
        beforeUs: timeOf(array[1]),
        unackedBeforeUs: timeOf(array[2] ?? array[1]),
      };
    case 'acked':
    case 'removed':
    case 'forget': {
      const [, stream, record] = array;
      if (typeof stream !== 'string' || typeof record !== 'string') return undefined;
      const key = { stream, record };
      if (array[0] === 'forget') return { type: 'forget', key };
      return { type: 'receipt', receipt: array[0], key };
    }
    case 'record': {
      const [, updatedAt, newsAt, startUs, endUs, stream, recordId, mpdPath, status] =
        array as RecordArray;
      const record: RecordFacts = { stream, recordId, startUs, mpdPath, status };
      if (endUs !== null) record.endUs = endUs;
      checkRecord(record);
      return { type: 'record', updatedAt: timeOf(updatedAt), newsAt: timeOf(newsAt), record };
    }
    default:
      return undefined;
  }
}

function timeOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a time in integer µs`);
  return value as number;
}
