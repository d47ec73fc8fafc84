import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';

/**
 * Keeps a second process from writing to the same journal. The lock is a file beside it that names
 * the process and when that process began, so that a number given again to another one after a
 * crash, or in the next life of a container, is not taken for the holder. Processes that do not see
 * each other's numbers (containers on one volume) are not kept apart.
 */
export class JournalLock {
  readonly #path: string;
  readonly #content: string;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
  }

  /**
   * Takes the lock; the lock of a process that has ended is taken over.
   * @param owner what is locked, as a message to the operator calls it
   * @throws Error when a running process (this one included) holds it
   */
  static async take(
    path: string,
    owner: string,
    log: { warn(fields: object, message: string): void },
  ): Promise<JournalLock> {
    const id = randomUUID();
    const started = await processStart(process.pid);
    const content = JSON.stringify({ pid: process.pid, started, id });
    const own = `${path}.${id}`;
    await writeFile(own, content, { flag: 'wx' });
    try {
      // A link appears whole or not at all, and never in place of another.
      while (!(await isNew(link(own, path)))) {
        const stale = await readStale(path, owner);
        if (stale !== undefined && (await replaceStale(path, stale, own, owner, log))) break;
      }
    } finally {
      await rm(own, { force: true });
    }
    return new JournalLock(path, content);
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    if ((await readOrNothing(this.#path)) === this.#content) await unlink(this.#path);
  }
}

/** Process number of the running process that holds a lock; undefined where none does. */
export async function lockHolder(path: string): Promise<number | undefined> {
  const content = await readOrNothing(path);
  const holder = content === undefined ? undefined : parseHolder(content);
  return holder && (await isRunning(holder)) ? holder.pid : undefined;
}

/**
 * What a lock says whose holder has ended; undefined when it has gone.
 * @throws Error when its holder runs
 */
async function readStale(path: string, owner: string): Promise<string | undefined> {
  const content = await readOrNothing(path);
  const holder = content === undefined ? undefined : parseHolder(content);
  if (holder && (await isRunning(holder))) {
    throw new Error(
      `${owner} is in use by process ${holder.pid} (lock file ${path}); ` +
        'stop it, or give this one another recorder.index_path',
    );
  }
  return content;
}

/**
 * Puts our lock in place of a stale one. Only who holds the lock for that may do it, or of two
 * processes that found the same stale lock the slower would replace the lock of the faster.
 * @returns false when the lock has changed meanwhile
 */
async function replaceStale(
  path: string,
  stale: string,
  own: string,
  owner: string,
  log: { warn(fields: object, message: string): void },
): Promise<boolean> {
  const right = await JournalLock.take(`${path}.takeover`, owner, log);
  try {
    if ((await readOrNothing(path)) !== stale) return false;
    await rename(own, path);
  } finally {
    await right.release();
  }
  log.warn(
    { path, pid: parseHolder(stale)?.pid },
    'took over the lock of a process that has ended',
  );
  return true;
}

interface Holder {
  pid: number;
  started: string;
}

function parseHolder(content: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(content);
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, started: String(started) } : undefined;
  } catch {
    // Written whole before it was linked: only a crash of the machine can have torn it.
    return undefined;
  }
}

async function isRunning(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const started = await processStart(holder.pid);
  return started === '' || holder.started === '' || started === holder.started;
}

/** When a process began, as text to compare; empty where the system does not tell (not Linux). */
async function processStart(pid: number): Promise<string> {
  const stat = await readOrNothing(`/proc/${pid}/stat`);
  const boot = await readOrNothing('/proc/sys/kernel/random/boot_id');
  if (stat === undefined || boot === undefined) return '';
  // proc_pid_stat(5): field 22 is the start in clock ticks since boot; field 2 may hold spaces.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${boot.trim()} ${ticks}`;
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

async function isNew(linking: Promise<void>): Promise<boolean> {
  try {
    await linking;
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
