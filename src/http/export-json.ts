import { type Static, Type } from 'typebox';
import type { ExportJob } from '../export/export-job.ts';
import { CONTAINER_NAMES } from '../media/container-name.ts';

/** Shown in the API description. */
export const EXPORT_EXAMPLE = {
  id: '0b6a9f3e-6f0c-4f0e-9d63-0d8c5b8d4c11',
  stream: 'cam1',
  start_ts: 1753315200000000,
  end_ts: 1753322400000000,
  gaps: 'cut',
  container: 'mp4',
  state: 'running',
  created_ts: 1753351200000000,
  written_bytes: 805306368,
  size: 2260934177,
  seconds: 7200,
};

/** An export that is written in the background. */
export const ExportJson = Type.Object(
  {
    id: Type.String(),
    stream: Type.String(),
    start_ts: Type.Integer({ description: 'What was asked for, µs since the Unix epoch.' }),
    end_ts: Type.Integer(),
    gaps: Type.Enum(['cut', 'keep']),
    container: Type.Enum(CONTAINER_NAMES),
    state: Type.Enum(['queued', 'running', 'done', 'failed'], {
      description: 'queued: waits until others are finished.',
    }),
    created_ts: Type.Integer({ description: 'µs since the Unix epoch.' }),
    finished_ts: Type.Optional(Type.Integer({ description: 'Absent before it is over.' })),
    expires_ts: Type.Optional(
      Type.Integer({ description: 'When it is removed: a day after its end.' }),
    ),
    written_bytes: Type.Integer({ description: 'Of the file, so far.' }),
    size: Type.Optional(
      Type.Integer({ description: 'Of the whole file, bytes; absent until that is known.' }),
    ),
    seconds: Type.Optional(Type.Number({ description: 'How long the file plays.' })),
    error: Type.Optional(Type.String({ description: 'Why it failed, and what to do.' })),
  },
  {
    title: 'Export',
    examples: [EXPORT_EXAMPLE],
  },
);

/** A job in the form of {@link ExportJson}. @param expiresUs µs since the Unix epoch */
export function exportJson(
  job: ExportJob,
  expiresUs: number | undefined,
): Static<typeof ExportJson> {
  const { id, stream, startUs, endUs, gaps, container, state, createdUs, finishedUs } = job;
  const { writtenBytes, size, seconds, error } = job;
  return {
    ...{ id, stream, start_ts: startUs, end_ts: endUs, gaps, container, state },
    created_ts: createdUs,
    ...(finishedUs !== undefined && { finished_ts: finishedUs }),
    ...(expiresUs !== undefined && { expires_ts: expiresUs }),
    written_bytes: writtenBytes,
    ...(size !== undefined && { size }),
    ...(seconds !== undefined && { seconds }),
    ...(error !== undefined && { error }),
  };
}
