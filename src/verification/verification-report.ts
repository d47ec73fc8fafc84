import path from 'node:path';
import { isDamaged, type PeriodExtent, type Verification } from './finding.ts';

/** Totals of the recordings checked so far, for the last line. */
export interface VerificationSummary {
  recordings: number;
  damaged: number;
  /** Number of findings that are damage. */
  damages: number;
  segments: number;
  bytes: number;
}

/** The summary before the first recording. */
export function emptySummary(): VerificationSummary {
  return { recordings: 0, damaged: 0, damages: 0, segments: 0, bytes: 0 };
}

/** Adds a recording. */
export function addToSummary(summary: VerificationSummary, verification: Verification): void {
  const { segments, bytes } = totals(verification.periods);
  summary.recordings++;
  summary.segments += segments;
  summary.bytes += bytes;
  summary.damages += verification.findings.filter(({ damage }) => damage).length;
  if (isDamaged(verification)) summary.damaged++;
}

/**
 * Lines for a recording, each with a line end: one for the recording, one per finding.
 * @param root paths are shown relative to it
 */
export function reportRows(root: string, verification: Verification): string {
  const { folder, periods, findings } = verification;
  const { segments, bytes, seconds } = totals(periods);
  const name = path.relative(root, folder) || path.basename(path.resolve(folder));
  const state = isDamaged(verification) ? 'DAMAGED' : 'ok';
  const text = `${periods.length} Periods, ${segments} segments, ${clock(seconds)}, ${megabytes(bytes)}`;
  let rows = `${state.padEnd(9)}${name}: ${text}\n`;
  for (const { kind, damage, file = '', message } of findings) {
    rows += `  ${(damage ? '!' : '').padEnd(2)}${kind.padEnd(16)}${file.padEnd(24)} ${message}\n`;
  }
  return rows;
}

/** The last line. */
export function summaryRow(summary: VerificationSummary): string {
  const { recordings, damaged, damages, segments, bytes } = summary;
  const what = `${recordings} recordings, ${segments} segments, ${megabytes(bytes)}`;
  return damaged === 0
    ? `${what}: no damage\n`
    : `${what}: ${damaged} damaged, ${damages} problems\n`;
}

function totals(periods: PeriodExtent[]) {
  let segments = 0;
  let bytes = 0;
  let seconds = 0;
  for (const { video, audio } of periods) {
    const tracks = [video, audio].filter((track) => track !== undefined);
    for (const track of tracks) {
      segments += track.segments;
      bytes += track.bytes;
    }
    const startUs = Math.min(...tracks.map((track) => track.startUs));
    const endUs = Math.max(...tracks.map((track) => track.endUs));
    seconds += (endUs - startUs) / 1e6;
  }
  return { segments, bytes, seconds };
}

function clock(seconds: number): string {
  const rounded = Math.round(seconds);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(rounded / 3600)}:${two((rounded / 60) % 60)}:${two(rounded % 60)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
