import type { Static } from 'typebox';
import type { ProtectionJson } from '../../../src/http/retention-json.ts';
import { call } from './request.ts';

/** A stretch of a stream that nothing deletes. */
export type Protection = Static<typeof ProtectionJson>;

/** Stretches that nothing deletes. @throws RecorderError */
export async function listProtections(signal: AbortSignal): Promise<Protection[]> {
  return (await call('api/protections', 'GET', { signal })).json();
}

/**
 * Keeps a stretch of a stream from being deleted.
 * @param startUs µs since the Unix epoch
 * @param endUs µs since the Unix epoch, exclusive
 * @param note what it is for
 * @throws RecorderError
 */
export async function addProtection(
  stream: string,
  startUs: number,
  endUs: number,
  note: string,
): Promise<Protection> {
  const response = await call('api/protections', 'POST', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ stream, start_ts: startUs, end_ts: endUs, note }),
  });
  return response.json();
}

/** Lifts a protection. @throws RecorderError 404 where it is there no longer */
export async function removeProtection(id: string): Promise<void> {
  await call(`api/protections/${id}`, 'DELETE');
}
