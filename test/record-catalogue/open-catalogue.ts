import type { JournaledTableOptions } from '../../src/journal/journaled-table.ts';
import { RecordCatalogue, type RecordFacts } from '../../src/record-catalogue/record-catalogue.ts';

/** What was logged. */
export interface Logged {
  fields: Record<string, unknown>;
  message: string;
}

/** Opens a catalogue that logs into an array. */
export async function openCatalogue(
  journalPath: string,
  options: Partial<JournaledTableOptions> = {},
): Promise<{ catalogue: RecordCatalogue; logged: Logged[] }> {
  const logged: Logged[] = [];
  const catalogue = await RecordCatalogue.open({
    journalPath,
    log: {
      warn(fields, message) {
        logged.push({ fields: { ...fields }, message });
      },
    },
    ...options,
  });
  return { catalogue, logged };
}

/** Midnight of the day that records of tests begin on, s since the Unix epoch. */
export const DAY_SECONDS = Date.UTC(2025, 6, 24) / 1000;

/** The record that began in the nth second of a day, still going on, with what a test wants else. */
export function active(n: number, more: Partial<RecordFacts> = {}): RecordFacts {
  const { stream = 'cam1' } = more;
  return {
    stream,
    recordId: String(DAY_SECONDS + n),
    startUs: (DAY_SECONDS + n) * 1_000_000,
    mpdPath: `${stream}/2025/07/24/manifest.mpd`,
    status: 'Active',
    ...more,
  };
}

/** The same record when it has ended, after half a second. */
export function completed(n: number, more: Partial<RecordFacts> = {}): RecordFacts {
  const record = active(n, more);
  return { endUs: record.startUs + 500_000, ...record, status: 'Completed', ...more };
}

/** The key by which clients name a record. */
export function keyOf({ stream, recordId }: RecordFacts): { stream: string; record: string } {
  return { stream, record: recordId };
}

/** All that is on offer, as stream, record and status. */
export function offered(catalogue: RecordCatalogue): string[] {
  const { sessions } = catalogue.sessions({ limit: 1000 });
  return sessions.map(({ stream, recordId, status }) => {
    return `${stream} ${Number(recordId) - DAY_SECONDS} ${status}`;
  });
}
