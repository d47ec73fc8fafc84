import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from './durable-file.ts';

/**
 * A warning is logged if the disk does not respond for this long, ms: a network share may never
 * respond.
 */
const SILENT_MS = 5_000;

/** Meaning of file system errors for the operator who configured a folder. */
const REASONS: Record<string, string> = {
  ENOENT: 'no folder can be created there; choose one on a disk',
  ENOTDIR: 'a part of the path is a file; choose a folder',
  EEXIST: 'a part of the path is not a folder; choose another one',
  EACCES: 'this user has no permission to write there; grant it, or choose another folder',
  EPERM: 'this user has no permission to write there; grant it, or choose another folder',
  EROFS: 'the file system is read-only; mount it writable, or choose another folder',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the quota of this user is used up; free some space',
  ENAMETOOLONG: 'the name is too long; choose another folder',
  ELOOP: 'its symbolic links form a loop',
  EIO: 'the disk has errors; see the system log',
  ESTALE: 'the network share is gone; mount it again',
};

/**
 * Creates a folder with all its parents, and checks that it can be written to.
 * @param setting name of its key in live777.toml
 * @param log warned if the disk does not respond for long
 * @throws Error that says what to change, if it cannot be created or written to
 */
export async function makeWritable(
  folder: string,
  setting: string,
  log: { warn(fields: object, message: string): void },
): Promise<void> {
  const timer = setInterval(
    () => log.warn({ folder }, `${setting}: the disk of the folder does not respond`),
    SILENT_MS,
  );
  const probe = path.join(folder, `.live777-recorder-check-${randomUUID()}`);
  try {
    await makeFolder(folder);
    try {
      await writeFile(probe, 'x', { flag: 'wx' });
    } finally {
      await rm(probe, { force: true });
    }
  } catch (error) {
    const { code = 'unknown error', message } = error as NodeJS.ErrnoException;
    throw new Error(`${setting}: ${folder} cannot be used (${code}): ${REASONS[code] ?? message}`);
  } finally {
    clearInterval(timer);
  }
}
