import type { DeletionReport } from '../facts/deletion-report.ts';
import type { Emit } from './event.ts';

/** Makes an event of something that was deleted. */
export function deletionEvent(emit: Emit, report: DeletionReport): void {
  const { stream, reason, startUs, endUs, segments, bytes } = report;
  emit('media.deleted', { start_ts: startUs, end_ts: endUs, segments, bytes, reason }, stream);
}
