import type { Static } from 'typebox';
import type { ExportJson } from '../../../src/http/export-json.ts';
import { address } from './address.ts';
import { call } from './request.ts';
import { followEvents } from './server-events.ts';
import type { ExportFormat } from './timeline.ts';

/** A stretch that the recorder writes as a file in the background. */
export type ExportState = Static<typeof ExportJson>;

/** Whether nothing changes any more. */
export function isOver({ state }: ExportState): boolean {
  return state === 'done' || state === 'failed';
}

const pathOf = (id: string) => `api/exports/${id}`;

/** Exports that the recorder keeps, the newest first. @throws RecorderError */
export async function listExports(signal: AbortSignal): Promise<ExportState[]> {
  return (await (await call('api/exports', 'GET', { signal })).json()).exports;
}

/**
 * Begins an export.
 * @param start ISO 8601; its offset is that of the time in the file's name
 * @param end ISO 8601
 * @throws RecorderError
 */
export async function startExport(
  stream: string,
  start: string,
  end: string,
  container: ExportFormat,
): Promise<ExportState> {
  const response = await call('api/exports', 'POST', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ stream, start, end, container }),
  });
  return response.json();
}

/** @throws RecorderError 404 where it is there no longer */
export async function getExport(id: string, signal: AbortSignal): Promise<ExportState> {
  return (await call(pathOf(id), 'GET', { signal })).json();
}

/** Follows an export until it is over, see {@link followEvents}. */
export function followExport(
  id: string,
  signal: AbortSignal,
  onChange: (job: ExportState) => void,
): Promise<void> {
  return followEvents(`${pathOf(id)}/events`, signal, onChange);
}

/** Cancels an export, or removes its file. @throws RecorderError 404 where it is there no longer */
export async function removeExport(id: string): Promise<void> {
  await call(pathOf(id), 'DELETE');
}

/** Where the file of an export that is done is had. */
export function exportFileAddress(id: string): string {
  return address(`${pathOf(id)}/file`);
}
