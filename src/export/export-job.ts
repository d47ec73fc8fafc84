import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CONTAINER_NAMES } from '../media/container-name.ts';

const us = Type.Integer({ minimum: 0 });

const Job = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f-]{36}$' }),
  stream: Type.String(),
  startUs: us,
  endUs: us,
  gaps: Type.Enum(['cut', 'keep']),
  container: Type.Enum(CONTAINER_NAMES),
  offsetMinutes: Type.Integer(),
  state: Type.Enum(['queued', 'running', 'done', 'failed']),
  createdUs: us,
  finishedUs: Type.Optional(us),
  sizeAtMost: us,
  beginsUs: Type.Optional(us),
  seconds: Type.Optional(Type.Number()),
  size: Type.Optional(us),
  writtenBytes: us,
  error: Type.Optional(Type.String()),
});
const check = Compile(Job);

/**
 * An export that is written to the disk in the background.
 *
 * Times are µs since the Unix epoch, sizes bytes. `offsetMinutes` is the offset of the local time in which
 * it is named, east of UTC; `sizeAtMost` is the size of the segments that it is made of. `beginsUs`, `seconds`
 * and `size` are those of the file, and known once it is being written. `error` is why it failed.
 */
export type ExportJob = Static<typeof Job>;

/** Whether nothing changes any more. */
export function isOver({ state }: Pick<ExportJob, 'state'>): boolean {
  return state === 'done' || state === 'failed';
}

/** Reads what `JSON.stringify` wrote of a job. @returns undefined where that is damaged */
export function parseJob(text: string): ExportJob | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return check.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
