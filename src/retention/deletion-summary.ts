import type { DeletionReport } from '../facts/deletion-report.ts';
import type { Deletion } from './deletion-plan.ts';

/** One element for each stream and reason. */
export function deletionSummaries(deletions: readonly Deletion[]): DeletionReport[] {
  const groups = Map.groupBy(deletions, ({ stream, reason }) => `${stream}\0${reason}`);
  return Array.from(groups.values(), (own) => ({
    stream: own[0]!.stream,
    reason: own[0]!.reason,
    startUs: own.reduce((least, { startUs }) => Math.min(least, startUs), Number.MAX_VALUE),
    endUs: own.reduce((most, { endUs }) => Math.max(most, endUs), 0),
    segments: own.reduce((sum, { segments }) => sum + segments.length, 0),
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}
