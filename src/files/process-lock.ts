import { randomUUID } from 'node:crypto';
import {
  link,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Interval at which the holder touches its lock, ms. */
const BEAT_MS = 2_000;
/** A lock that has not been touched for this long is stale, ms. */
const STALE_MS = 10_000;
const LOOK_MS = 500;

/**
 * Prevents a second process from writing to the same journal. The lock is a file beside the journal
 * with the id of the process and its start time, so that another process with the same id, after a
 * crash or a restart of the container, is not mistaken for the holder.
 *
 * For processes that do not see each other's ids (in containers, or on machines that share the
 * disk), the holder touches its lock every two seconds; a lock that has not been touched for ten
 * seconds by the clock of the disk is stale.
 */
export class JournalLock {
  readonly #path: string;
  readonly #content: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
    this.#beat = setInterval(() => {
      // A disk that is temporarily unavailable is no reason to stop: nobody else can write to it
      // either.
      touch(path, content).catch(() => undefined);
    }, BEAT_MS).unref();
  }

  /** Name of the lock file, without its folder. */
  get name(): string {
    return basename(this.#path);
  }

  /**
   * Takes the lock, also from a process that has ended.
   * @param owner name of what is locked, for messages to the operator
   * @throws Error if a running process (including this one) holds it
   */
  static async take(
    path: string,
    owner: string,
    log: { warn(fields: object, message: string): void },
  ): Promise<JournalLock> {
    const id = randomUUID();
    const started = await processStart(process.pid);
    const place = await processPlace();
    const content = JSON.stringify({ pid: process.pid, started, place, host: hostname(), id });
    const own = `${path}.${id}`;
    await writeFile(own, content, { flag: 'wx' });
    try {
      // A link is created completely or not at all, and never replaces another file.
      while (!(await isNew(link(own, path)))) {
        const stale = await readStale(path, owner);
        if (stale !== undefined && (await replaceStale(path, stale, own, owner, log))) break;
      }
    } finally {
      await rm(own, { force: true });
    }
    return new JournalLock(path, content);
  }

  /** Releases the lock. */
  async release(): Promise<void> {
    clearInterval(this.#beat);
    if ((await readOrNothing(this.#path)) === this.#content) await unlink(this.#path);
  }
}

/** Id of the running process that holds a lock; undefined if none does. */
export async function lockHolder(path: string): Promise<number | undefined> {
  const content = await readOrNothing(path);
  const holder = content === undefined ? undefined : parseHolder(content);
  if (holder === undefined) return undefined;
  const isHeld = (await isVisible(holder)) ? await isRunning(holder) : await isFresh(path);
  return isHeld ? holder.pid : undefined;
}

/**
 * The content of a lock whose holder has ended; undefined if the lock is gone.
 * @throws Error if its holder is running
 */
async function readStale(path: string, owner: string): Promise<string | undefined> {
  const content = await readOrNothing(path);
  const holder = content === undefined ? undefined : parseHolder(content);
  const isSeen = holder === undefined || (await isVisible(holder));
  if (holder && (isSeen ? await isRunning(holder) : await beats(path))) {
    const host = isSeen ? '' : ` of ${holder.host || 'another machine'}`;
    throw new Error(
      `${owner} is in use by process ${holder.pid}${host} (lock file ${path}); ` +
        'stop it, or give this one another recorder.index_path',
    );
  }
  return content;
}

/**
 * Replaces a stale lock by ours. Only the holder of a second lock may do so; otherwise, of two
 * processes that find the same stale lock, the slower one would replace the lock of the faster one.
 * @returns false if the lock has changed meanwhile
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
  /** Identifies the machine and namespace of its process id; empty if unknown. */
  place: string;
  host: string;
}

/** Whether this process sees the process ids of a holder's place. */
async function isVisible({ place }: Holder): Promise<boolean> {
  return place === '' || place === (await processPlace());
}

/** Identifies processes that see each other's ids: the machine, and the namespace. */
async function processPlace(): Promise<string> {
  const boot = await readOrNothing('/proc/sys/kernel/random/boot_id');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return boot === undefined ? hostname() : `${boot.trim()} ${namespace}`;
}

/** Makes the disk set the modification time by its own clock; the content stays the same. */
async function touch(path: string, content: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    if ((await file.readFile('utf8')) === content) await file.write(content, 0);
  } finally {
    await file.close();
  }
}

/** Whether a lock was touched recently, by the clock of its disk. */
async function isFresh(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  try {
    await writeFile(own, '', { flag: 'wx' });
    const now = await stat(own);
    const lock = await stat(path).catch(() => undefined);
    return lock !== undefined && now.mtimeMs - lock.mtimeMs < STALE_MS;
  } finally {
    await rm(own, { force: true });
  }
}

/** Waits until a lock is touched, or has not been for too long. */
async function beats(path: string): Promise<boolean> {
  const first = await stat(path).catch(() => undefined);
  if (first === undefined) return false;
  while (await isFresh(path)) {
    await delay(LOOK_MS);
    const now = await stat(path).catch(() => undefined);
    if (now === undefined) return false;
    if (now.ino !== first.ino || now.mtimeMs !== first.mtimeMs) return true;
  }
  return false;
}

function parseHolder(content: string): Holder | undefined {
  try {
    const { pid, started, place = '', host = '' } = JSON.parse(content);
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, started: String(started), place: String(place), host: String(host) };
  } catch {
    // It was complete before it was linked, so only a crash of the machine can have damaged it.
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

/**
 * Start time of a process, as text to compare; empty if the system does not report it (not Linux).
 */
async function processStart(pid: number): Promise<string> {
  const stat = await readOrNothing(`/proc/${pid}/stat`);
  const boot = await readOrNothing('/proc/sys/kernel/random/boot_id');
  if (stat === undefined || boot === undefined) return '';
  // proc_pid_stat(5): field 22 is the start in clock ticks since boot; field 2 may contain spaces.
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
