import type { Static } from 'typebox';
import type { RangeDeletionJson } from '../../../src/http/retention-json.ts';
import { call } from './request.ts';

/** What is deleted of a range, and what stays. */
export type RangeDeletion = Static<typeof RangeDeletionJson>;

/**
 * Deletes what was recorded in a range: whole segments that lie within it.
 * @param startUs µs since the Unix epoch
 * @param endUs µs since the Unix epoch
 * @param isDryRun delete nothing, only tell what would be
 * @throws RecorderError
 */
export async function deleteRange(
  stream: string,
  startUs: number,
  endUs: number,
  isDryRun: boolean,
): Promise<RangeDeletion> {
  const query = new URLSearchParams({
    ...{ start: String(startUs), end: String(endUs), dry_run: String(isDryRun) },
  });
  const path = `api/playback/${encodeURIComponent(stream)}?${query}`;
  return (await call(path, 'DELETE')).json();
}
