import type {
  RecordFacts,
  RecordKey,
  SessionPage,
  SessionQuery,
} from '../../src/record-catalogue/record-catalogue.ts';

interface NaiveRow {
  facts: RecordFacts;
  /** Update times of all that was said of it. */
  updates: number[];
  /** Those after which it has to be offered again. */
  news: number[];
  /** The last news that was shown. */
  shown?: number | undefined;
  /** The last news that there is a receipt for, and the last that it was removed with. */
  acked?: number | undefined;
  removed?: number | undefined;
}

/** The catalogue as one would write it without a thought of speed or of disks. */
export class NaiveCatalogue {
  rows: NaiveRow[] = [];
  #last = 0;

  put(facts: RecordFacts, now: number): void {
    const row = this.#row({ stream: facts.stream, record: facts.recordId });
    if (row && JSON.stringify(sorted(row.facts)) === JSON.stringify(sorted(facts))) return;
    this.#last = Math.max(now, this.#last + 1);
    if (!row) {
      this.rows.push({ facts, updates: [this.#last], news: [this.#last] });
      return;
    }
    const quiet =
      row.facts.status === 'Active' &&
      facts.status === 'Active' &&
      row.facts.mpdPath === facts.mpdPath;
    row.facts = facts;
    row.updates.push(this.#last);
    if (!quiet) row.news.push(this.#last);
  }

  sessions({ stream, sinceTs = 0, limit }: SessionQuery): SessionPage {
    const rows = this.rows
      .filter((row) => (stream ?? row.facts.stream) === row.facts.stream)
      .filter((row) => row.updates.at(-1)! > sinceTs)
      .filter((row) => row.news.at(-1) !== row.acked && row.news.at(-1) !== row.removed)
      .sort((a, b) => a.updates.at(-1)! - b.updates.at(-1)!)
      .slice(0, limit);
    for (const row of rows) row.shown = row.news.at(-1);
    return {
      sessions: rows.map(({ facts }) => facts),
      lastTs: rows.at(-1)?.updates.at(-1) ?? sinceTs,
    };
  }

  ack(keys: RecordKey[]): number {
    const rows = this.#known(keys).filter((row) => row.removed !== row.news.at(-1));
    for (const row of rows) row.acked = row.shown ?? row.news.at(-1);
    return rows.length;
  }

  remove(keys: RecordKey[]): number {
    const rows = this.#known(keys)
      .filter((row) => row.removed !== row.news.at(-1))
      .filter((row) => (row.shown ?? row.news.at(-1)) === row.news.at(-1));
    for (const row of rows) row.removed = row.news.at(-1);
    return rows.length;
  }

  restart(): void {
    for (const row of this.rows) row.shown = row.news.at(-1);
  }

  evict(beforeUs: number): number {
    const before = this.rows.length;
    this.rows = this.rows.filter(({ facts }) => !(facts.endUs! <= beforeUs));
    return before - this.rows.length;
  }

  streams(): string[] {
    return [...new Set(this.rows.map(({ facts }) => facts.stream))].sort();
  }

  records(stream: string): RecordFacts[] {
    return this.rows
      .map(({ facts }) => facts)
      .filter((facts) => facts.stream === stream)
      .sort((a, b) => a.startUs - b.startUs || Number(a.recordId) - Number(b.recordId));
  }

  #row({ stream, record }: RecordKey): NaiveRow | undefined {
    return this.rows.find(({ facts }) => facts.stream === stream && facts.recordId === record);
  }

  #known(keys: RecordKey[]): NaiveRow[] {
    return this.rows.filter((row) =>
      keys.some(({ stream, record }) => this.#row({ stream, record }) === row),
    );
  }
}

function sorted(facts: RecordFacts): [string, unknown][] {
  return Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1));
}
