import type { RecordFacts } from '../facts/record-facts.ts';
import type { Stepwise } from '../journal/stepwise.ts';
import type { RecordKey } from './record.ts';

/** What a client did with the record that it was shown. */
export type Receipt = 'acked' | 'removed';

/** A record, and how far clients know of it. Times are µs since the Unix epoch. */
export interface RecordRow {
  readonly facts: RecordFacts;
  /** Unique in the table; later than that of every row that changed before. */
  readonly updatedAt: number;
  /** The update time of the last change that has to be offered again to who has a receipt. */
  readonly newsAt: number;
  readonly receipt: Receipt | undefined;
}

/** A row's place in the order of update times, which it leaves when it changes. */
interface Place {
  updatedAt: number;
  row: Row;
}

class Row implements RecordRow {
  facts: RecordFacts;
  updatedAt: number;
  newsAt: number;
  receipt: Receipt | undefined = undefined;
  /** {@link newsAt} as it was when the row was last shown. */
  shownAt: number | undefined = undefined;

  constructor(facts: RecordFacts, updatedAt: number, newsAt: number) {
    this.facts = facts;
    this.updatedAt = updatedAt;
    this.newsAt = newsAt;
  }
}

/** Places that are kept at least before those that were left are dropped. */
const FEWEST_PLACES = 1000;
/** Rows that are looked at in one step of an eviction. */
const PORTION_ROWS = 1000;

/** All records in memory: by stream, and those on offer in the order of their update times. */
export class RecordTable {
  readonly #streams = new Map<string, Map<string, Row>>();
  #places: Place[] = [];
  #tidyAt = FEWEST_PLACES;
  #size = 0;

  /** How many records there are. */
  get size(): number {
    return this.#size;
  }

  find({ stream, record }: RecordKey): RecordRow | undefined {
    return this.#streams.get(stream)?.get(record);
  }

  /** Names of all streams, in their order. */
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

  /** @param updatedAt later than that of every row */
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

  /** Takes a row off the offer until there is news of it. */
  setReceipt({ stream, record }: RecordKey, receipt: Receipt): void {
    const row = this.#streams.get(stream)?.get(record);
    if (row !== undefined) row.receipt = receipt;
  }

  /**
   * Rows on offer with a later update time, in the order of it, and remembers that they were shown.
   * @param after exclusive, µs since the Unix epoch
   */
  offer(after: number, limit: number, stream: string | undefined): RecordRow[] {
    const rows =
      stream === undefined ? this.#offerOfAll(after, limit) : this.#offerOf(stream, after);
    const shown = rows.slice(0, limit);
    for (const row of shown) row.shownAt = row.newsAt;
    return shown;
  }

  /** The news time of a record that a client speaks of: as it was shown, or else as it is. */
  newsKnownOf({ stream, record }: RecordKey): number | undefined {
    const row = this.#streams.get(stream)?.get(record);
    return row?.shownAt ?? row?.newsAt;
  }

  /** Takes it that every row was shown as it is. */
  markAllShown(): void {
    for (const records of this.#streams.values()) {
      for (const row of records.values()) row.shownAt = row.newsAt;
    }
  }

  /**
   * Looks what {@link evict} would drop. Nothing may be put in while it rests.
   * @param beforeUs µs since the Unix epoch
   * @param keepUnacked how many records without a receipt are to stay, those that ended last
   * @returns how many records; and the time to drop those without a receipt by, 0 for none of them
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
    // As numbers, which sort in a tenth of the time that a comparing function takes.
    const ends = Float64Array.from(unacked).sort();
    const unackedBeforeUs = ends[ends.length - keepUnacked - 1] ?? 0;
    const dropped = ends.filter((endUs) => endUs <= unackedBeforeUs).length;
    return { records: received + dropped, unackedBeforeUs };
  }

  /**
   * Drops the records that ended at or before a time; those without a receipt only if they ended at or
   * before the other one, which is not later. Nothing may be put in while it rests.
   * @returns how many
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
        // Leaves its place.
        row.updatedAt = 0;
      }
      yield;
    }
    this.#size -= evicted;
    // Or the places would hold them in memory.
    this.#tidy();
    return evicted;
  }

  /** All rows, some at a time. */
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

/** Whether a row still stands in a place, and is on offer. */
function isTaken({ updatedAt, row }: Place): boolean {
  return row.updatedAt === updatedAt && row.receipt === undefined;
}
