import type { RecordFacts, RecordKey } from './record.ts';

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
const fewestPlaces = 1000;

/** All records in memory: by stream, and those on offer in the order of their update times. */
export class RecordTable {
  readonly #streams = new Map<string, Map<string, Row>>();
  #places: Place[] = [];
  #tidyAt = fewestPlaces;
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
   * The latest of the oldest records without a receipt that ended at or before a time, when only so
   * many of them are to be kept.
   * @returns its end; 0 where there are no more of them than that. Times are µs since the Unix epoch.
   */
  unackedLimit(beforeUs: number, keep: number): number {
    const ends: number[] = [];
    for (const records of this.#streams.values()) {
      for (const { facts, receipt } of records.values()) {
        const { endUs = Number.POSITIVE_INFINITY } = facts;
        if (receipt === undefined && endUs <= beforeUs) ends.push(endUs);
      }
    }
    return ends.sort((a, b) => a - b)[ends.length - keep - 1] ?? 0;
  }

  /** Whether {@link evict} would drop anything. */
  hasEvictable(beforeUs: number, unackedBeforeUs: number): boolean {
    for (const records of this.#streams.values()) {
      for (const row of records.values()) if (isPast(row, beforeUs, unackedBeforeUs)) return true;
    }
    return false;
  }

  /**
   * Drops the records that ended at or before a time; those without a receipt only if they ended at or
   * before the other one, which is not later.
   * @returns how many
   */
  evict(beforeUs: number, unackedBeforeUs: number): number {
    const before = this.#size;
    for (const [stream, records] of this.#streams) {
      for (const [recordId, row] of records) {
        if (!isPast(row, beforeUs, unackedBeforeUs)) continue;
        records.delete(recordId);
        this.#size--;
        // Leaves its place.
        row.updatedAt = 0;
      }
      if (records.size === 0) this.#streams.delete(stream);
    }
    return before - this.#size;
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
    this.#tidyAt = Math.max(fewestPlaces, 2 * this.#places.length);
  }
}

function isPast({ facts, receipt }: Row, beforeUs: number, unackedBeforeUs: number): boolean {
  const { endUs = Number.POSITIVE_INFINITY } = facts;
  return endUs <= (receipt === undefined ? unackedBeforeUs : beforeUs);
}

/** Whether a row still stands in a place, and is on offer. */
function isTaken({ updatedAt, row }: Place): boolean {
  return row.updatedAt === updatedAt && row.receipt === undefined;
}
