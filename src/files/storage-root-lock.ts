import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ownPath } from '../layout/own-folder.ts';
import { makeFolder } from './durable-file.ts';
import { JournalLock, lockHolder } from './process-lock.ts';

const REPAIR_LOCK = 'repair.lock';
const RECORDER_LOCK = /^recorder-[0-9a-f]+\.lock$/;

interface LockLog {
  warn(fields: object, message: string): void;
}

/**
 * Shows others that a recorder writes below a storage root, wherever its index is. Several
 * recorders with separate indexes may share a root; a repair excludes all of them.
 * @param indexPath path of the recorder's segment journal
 * @throws Error while the recordings are being repaired, or if a recorder with the same index is
 * running
 */
export async function lockForRecorder(
  root: string,
  indexPath: string,
  log: LockLog,
): Promise<JournalLock> {
  const folder = await ownFolder(root);
  const id = createHash('sha256').update(path.resolve(indexPath)).digest('hex').slice(0, 16);
  const file = path.join(folder, `recorder-${id}.lock`);
  const lock = await JournalLock.take(file, `the storage root ${root}`, log);
  // Each side takes its own lock before it checks the other's, so at least one of them sees both.
  const repairing = await lockHolder(path.join(folder, REPAIR_LOCK));
  if (repairing === undefined) return lock;
  await lock.release();
  throw new Error(
    `the recordings in ${root} are being repaired by process ${repairing}; start when it is done`,
  );
}

/**
 * Excludes recorders, and other repairs, from a storage root.
 * @throws Error if a recorder is running on it
 */
export async function lockForRepair(root: string, log: LockLog): Promise<JournalLock> {
  const folder = await ownFolder(root);
  const lock = await JournalLock.take(path.join(folder, REPAIR_LOCK), `a repair of ${root}`, log);
  const pid = await runningRecorder(root);
  if (pid === undefined) return lock;
  await lock.release();
  throw new Error(`a recorder is running on ${root} (process ${pid}): stop it first`);
}

/** Process id of a recorder that is running on a storage root, if there is one. */
export async function runningRecorder(root: string): Promise<number | undefined> {
  const folder = ownPath(root);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!RECORDER_LOCK.test(name)) continue;
    const pid = await lockHolder(path.join(folder, name));
    if (pid !== undefined) return pid;
  }
  return undefined;
}

/**
 * The storage root of a path: the nearest folder, from the path itself upwards, in which a recorder
 * has run; undefined if there is none.
 */
export async function storageRootOf(start: string): Promise<string | undefined> {
  for (let at = path.resolve(start); ; at = path.dirname(at)) {
    const found = await stat(ownPath(at)).catch(() => undefined);
    if (found?.isDirectory()) return at;
    if (at === path.dirname(at)) return undefined;
  }
}

async function ownFolder(root: string): Promise<string> {
  const folder = ownPath(root);
  await makeFolder(folder);
  return folder;
}
