import type { RecordFacts } from '../facts/record-facts.ts';
import type { RecordKey } from './record.ts';
import type { RecordEntry } from './record-journal.ts';
import type { Receipt, RecordRow, RecordTable } from './record-table.ts';

/** A key, and the news time (µs since the Unix epoch) of the version that the client was shown. */
export interface KeyShown {
  key: RecordKey;
  newsAt: number;
}

/** A change of the catalogue. */
export type RecordChange =
  | { type: 'put'; record: RecordFacts }
  | { type: 'receipts'; receipt: Receipt; shown: KeyShown[] }
  | { type: 'forget'; key: RecordKey };

/** The journal lines that carry out changes, and the number of rows that each change affects. */
export interface RecordPlan {
  entries: RecordEntry[];
  results: number[];
}

/** The keys of known records, without duplicates, with the version that clients have seen. */
export function keysShown(table: RecordTable, keys: readonly RecordKey[]): KeyShown[] {
  const shown = new Map<string, KeyShown>();
  for (const { stream, record } of keys) {
    const key = { stream, record };
    const newsAt = table.newsKnownOf(key);
    if (newsAt !== undefined) shown.set(textOf(key), { key, newsAt });
  }
  return [...shown.values()];
}

/**
 * Plans changes of a table without applying them, because nothing may be visible before it is
 * durable.
 * @param nextUpdateTime returns a time, µs since the Unix epoch, greater than all before
 */
export function planChanges(
  table: RecordTable,
  changes: readonly RecordChange[],
  nextUpdateTime: () => number,
): RecordPlan {
  const entries: RecordEntry[] = [];
  /** Rows as they will be after the changes planned so far. */
  const ahead = new Map<string, Omit<RecordRow, 'updatedAt'>>();
  const forgotten = new Set<string>();
  const rowOf = (key: RecordKey) =>
    forgotten.has(textOf(key)) ? undefined : (ahead.get(textOf(key)) ?? table.find(key));

  const put = (facts: RecordFacts): void => {
    const key = { stream: facts.stream, record: facts.recordId };
    const before = rowOf(key);
    forgotten.delete(textOf(key));
    if (before && isSame(before.facts, facts)) return;
    const updatedAt = nextUpdateTime();
    if (before === undefined || isNews(before.facts, facts)) {
      entries.push({ type: 'record', updatedAt, newsAt: updatedAt, record: facts });
      ahead.set(textOf(key), { facts, newsAt: updatedAt, receipt: undefined });
    } else {
      entries.push({ type: 'record', updatedAt, newsAt: before.newsAt, record: facts });
      ahead.set(textOf(key), { facts, newsAt: before.newsAt, receipt: before.receipt });
    }
  };

  const receive = (receipt: Receipt, { key, newsAt }: KeyShown): boolean => {
    const row = rowOf(key);
    if (row === undefined || row.receipt === 'removed') return false;
    // A receipt for an older version does not apply to the current one.
    if (row.newsAt !== newsAt || row.receipt === receipt) return receipt === 'acked';
    entries.push({ type: 'receipt', receipt, key });
    ahead.set(textOf(key), { facts: row.facts, newsAt, receipt });
    return true;
  };

  const results = changes.map((change) => {
    if (change.type === 'receipts') {
      return change.shown.filter((shown) => receive(change.receipt, shown)).length;
    }
    if (change.type === 'forget') {
      const isKnown = rowOf(change.key) !== undefined;
      if (isKnown) entries.push({ type: 'forget', key: change.key });
      forgotten.add(textOf(change.key));
      return isKnown ? 1 : 0;
    }
    put(change.record);
    return 1;
  });
  return { entries, results };
}

/** A unique string for the key of a known record; the ten digits at its end are unambiguous. */
function textOf({ stream, record }: RecordKey): string {
  return `${record} ${stream}`;
}

function isSame(a: RecordFacts, b: RecordFacts): boolean {
  return (
    a.status === b.status &&
    a.startUs === b.startUs &&
    a.endUs === b.endUs &&
    a.mpdPath === b.mpdPath
  );
}

/** Whether a client with a receipt for the first version must be shown the second. */
function isNews(before: RecordFacts, after: RecordFacts): boolean {
  return (
    after.status !== 'Active' || before.status !== 'Active' || before.mpdPath !== after.mpdPath
  );
}
