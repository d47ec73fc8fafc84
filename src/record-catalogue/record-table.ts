import type { RecordFacts } from '../facts/record-facts.ts';
import type { Stepwise } from '../journal/stepwise.ts';
import type { RecordKey } from './record.ts';

/** What a client did with the version of a record that it was shown. */
export type Receipt = 'acked' | 'removed';

/** A record, and what clients know of it. Times are µs since the Unix epoch. */
export interface RecordRow {
  readonly facts: RecordFacts;
  /** Unique in the table, and greater than that of every earlier change. */
  readonly updatedAt: number;
  /** The update time of the last change that clients with a receipt must be shown. */
  readonly newsAt: number;
  readonly receipt: Receipt | undefined;
}

/** A row's place in the order of update times; the row leaves it when it changes. */
interface Place {
  updatedAt: number;
  row: Row;
}

class Row implements RecordRow {
  facts: RecordFacts;
  updatedAt: number;
  newsAt: number;
  receipt: Receipt | undefined = undefined;
  /** {@link newsAt} of the version that was last shown. */
  shownAt: number | undefined = undefined;

  constructor(facts: RecordFacts, updatedAt: number, newsAt: number) {
    this.facts = facts;
    this.updatedAt = updatedAt;
    this.newsAt = newsAt;
  }
}

/** Minimum number of places before abandoned ones are removed. */
const FEWEST_PLACES = 1000;
/** Rows per step of an eviction. */
const PORTION_ROWS = 1000;

/** All records in memory: by stream, and in the order of their update times. */
export class RecordTable {
  readonly #streams = new Map<string, Map<string, Row>>();
  #places: Place[] = [];
  #tidyAt = FEWEST_PLACES;
  #size = 0;

  /** Number of records. */
  get size(): number {
    return this.#size;
  }

  find({ stream, record }: RecordKey): RecordRow | undefined {
    return this.#streams.get(stream)?.get(record);
  }

  /** Names of all streams, sorted. */
  streams(): string[] {
    return [...this.#streams.keys()].sort();
  }

  /** Records of a stream, newest last. */
  records(stream: string): RecordFacts[] {
    const rows = this.#streams.get(stream)?.values() ?? [];
    return Array.from(rows, ({ facts }) => facts).sort(
      (a, b) => a.startUs - b.startUs || (a.recordId < b.recordId ? -1 : 1),
    );
  }

  /** All rows in the order of their update times. */
  rows(): RecordRow[] {
    const rows: RecordRow[] = [];
    for (const records of this.#streams.values())
      for (const row of records.values()) rows.push(row);
    return rows.sort((a, b) => a.updatedAt - b.updatedAt);
  }

  /** @param updatedAt greater than that of every row */
  put(facts: RecordFacts, updatedAt: number, newsAt: number): void {
    const { stream, recordId } = facts;
    let records = this.#streams.get(stream);
    if (records === undefined) {
      records = new Map();
      this.#streams.set(stream, records);
    }
    let row = records.get(recordId);
    if (row === undefined) {
      row = new Row(facts, updatedAt, newsAt);
      records.set(recordId, row);
      this.#size++;
    } else {
      if (newsAt !== row.newsAt) row.receipt = undefined;
      row.facts = facts;
      row.updatedAt = updatedAt;
      row.newsAt = newsAt;
    }
    if (row.receipt !== undefined) return;
    this.#places.push({ updatedAt, row });
    if (this.#places.length > this.#tidyAt) this.#tidy();
  }

  /** Drops a record. */
  forget({ stream, record }: RecordKey): void {
    const records = this.#streams.get(stream);
    const row = records?.get(record);
    if (row === undefined) return;
    records!.delete(record);
    if (records!.size === 0) this.#streams.delete(stream);
    this.#size--;
    // Abandons its place.
    row.updatedAt = 0;
  }

  /** Removes a row from the list until there is news of it. */
  setReceipt({ stream, record }: RecordKey, receipt: Receipt): void {
    const row = this.#streams.get(stream)?.get(record);
    if (row !== undefined) row.receipt = receipt;
  }

  /**
   * Listed rows with a greater update time, in order, and marks them as shown.
   * @param after exclusive, µs since the Unix epoch
   */
  offer(after: number, limit: number, stream: string | undefined): RecordRow[] {
    const rows =
      stream === undefined ? this.#offerOfAll(after, limit) : this.#offerOf(stream, after);
    const shown = rows.slice(0, limit);
    for (const row of shown) row.shownAt = row.newsAt;
    return shown;
  }

  /**
   * The news time of the version that a client refers to: the one it was shown, or else the current
   * one.
   */
  newsKnownOf({ stream, record }: RecordKey): number | undefined {
    const row = this.#streams.get(stream)?.get(record);
    return row?.shownAt ?? row?.newsAt;
  }

  /** Marks the current version of every row as shown. */
  markAllShown(): void {
    for (const records of this.#streams.values()) {
      for (const row of records.values()) row.shownAt = row.newsAt;
    }
  }

  /**
   * Determines what {@link evict} would drop. The table must not change between its steps.
   * @param beforeUs µs since the Unix epoch
   * @param keepUnacked number of records without a receipt to keep, those that ended last
   * @returns the number of records to drop, and the latest end of those without a receipt, 0 for
   * none of them
   */
  *planEviction(
    beforeUs: number,
    keepUnacked: number,
  ): Stepwise<{ records: number; unackedBeforeUs: number }> {
    const unacked: number[] = [];
    let received = 0;
    for (const rows of this.#portions()) {
      for (const { facts, receipt } of rows) {
        if (facts.endUs === undefined || facts.endUs > beforeUs) continue;
        if (receipt === undefined) unacked.push(facts.endUs);
        else received++;
      }
      yield;
    }
    if (keepUnacked === 0) {
      return { records: received + unacked.length, unackedBeforeUs: beforeUs };
    }
    // A typed array sorts ten times faster than an array with a comparison function.
    const ends = Float64Array.from(unacked).sort();
    const unackedBeforeUs = ends[ends.length - keepUnacked - 1] ?? 0;
    const dropped = ends.filter((endUs) => endUs <= unackedBeforeUs).length;
    return { records: received + dropped, unackedBeforeUs };
  }

  /**
   * Drops the records that ended at or before a time; those without a receipt only if they ended at
   * or before a second, earlier time. The table must not change between its steps.
   * @returns the number of dropped records
   */
  *evict(beforeUs: number, unackedBeforeUs: number): Stepwise<number> {
    let evicted = 0;
    for (const rows of this.#portions()) {
      for (const row of rows) {
        const { stream, recordId, endUs = Number.POSITIVE_INFINITY } = row.facts;
        if (endUs > (row.receipt === undefined ? unackedBeforeUs : beforeUs)) continue;
        const records = this.#streams.get(stream)!;
        records.delete(recordId);
        if (records.size === 0) this.#streams.delete(stream);
        evicted++;
        // Abandons its place.
        row.updatedAt = 0;
      }
      yield;
    }
    this.#size -= evicted;
    // Otherwise the abandoned places would keep the rows in memory.
    this.#tidy();
    return evicted;
  }

  /** All rows in portions. */
  *#portions(): Generator<Row[], void, void> {
    let rows: Row[] = [];
    for (const records of this.#streams.values()) {
      for (const row of records.values()) {
        rows.push(row);
        if (rows.length < PORTION_ROWS) continue;
        yield rows;
        rows = [];
      }
    }
    yield rows;
  }

  #offerOfAll(after: number, limit: number): Row[] {
    const rows: Row[] = [];
    for (let at = this.#firstAfter(after); at < this.#places.length; at++) {
      const place = this.#places[at]!;
      if (isTaken(place)) rows.push(place.row);
      if (rows.length === limit) break;
    }
    return rows;
  }

  #offerOf(stream: string, after: number): Row[] {
    const rows = [...(this.#streams.get(stream)?.values() ?? [])];
    return rows
      .filter((row) => row.updatedAt > after && row.receipt === undefined)
      .sort((a, b) => a.updatedAt - b.updatedAt);
  }

  #firstAfter(updatedAt: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]!.updatedAt > updatedAt) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #tidy(): void {
    this.#places = this.#places.filter(isTaken);
    this.#tidyAt = Math.max(FEWEST_PLACES, 2 * this.#places.length);
  }
}

/** Whether a place still belongs to its row, and the row is listed. */
function isTaken({ updatedAt, row }: Place): boolean {
  return row.updatedAt === updatedAt && row.receipt === undefined;
}
