import type { RecordFacts } from '../facts/record-facts.ts';

/** Identifies a record. */
export interface RecordKey {
  stream: string;
  record: string;
}

// Enough for any path or stream id, and small enough that every record fits into a journal line.
const MAX_TEXT_LENGTH = 4096;

/**
 * Asserts that a record is valid and every client can parse it: a row that Liveman cannot parse
 * would block it from all later ones.
 * @throws TypeError or RangeError that names the invalid field
 */
export function checkRecord(record: RecordFacts): void {
  checkText('stream', record.stream);
  checkText('mpdPath', record.mpdPath);
  // The type is checked too, because the value may come from a journal.
  if (typeof record.recordId !== 'string' || !/^\d{10}$/.test(record.recordId)) {
    throw new TypeError(
      `record.recordId must be ten digits, not ${JSON.stringify(record.recordId)}`,
    );
  }
  checkTime('startUs', record.startUs);
  if (record.status === 'Active') return;
  if (record.status !== 'Completed' && record.status !== 'Failed') {
    throw new TypeError(
      `record.status must be Active, Completed or Failed, not ${String(record.status)}`,
    );
  }
  checkTime('endUs', record.endUs);
  if (record.endUs! < record.startUs) {
    throw new RangeError(
      `record.endUs (${record.endUs}) must not be before record.startUs (${record.startUs})`,
    );
  }
}

function checkText(field: keyof RecordFacts, value: unknown): void {
  // A lone surrogate has no UTF-8 encoding, and strict JSON parsers refuse its escape sequence.
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) {
    throw new TypeError(`record.${field} must be a non-empty, well-formed string`);
  }
  if (value.length > MAX_TEXT_LENGTH) {
    throw new RangeError(`record.${field} must not be longer than ${MAX_TEXT_LENGTH} characters`);
  }
}

function checkTime(field: keyof RecordFacts, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new RangeError(`record.${field} must be integer µs since the Unix epoch, not ${value}`);
  }
}
