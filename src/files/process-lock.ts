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
/** A lock that was not touched for this long is stale, ms. */
const STALE_MS = 10_000;
const LOOK_MS = 500;

/**
 * Keeps a second process from writing to the same journal. The lock is a file beside it that names
 * the process and when that process began, so that a number given again to another one after a
 * crash, or in the next life of a container, is not taken for the holder.
 *
 * Processes that do not see each other's numbers (in containers, or on other machines that share the
 * disk) are told apart by a beat: the holder touches its lock every two seconds, and one that has not
 * been touched for ten by the clock of the disk is stale.
 */
export class JournalLock {
  readonly #path: string;
  readonly #content: string;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
    this.#beat = setInterval(() => {
      // A disk that is away for a moment is no reason to end: nobody else can write there either.
      touch(path, content).catch(() => undefined);
    }, BEAT_MS).unref();
  }

  /** Name of the lock file, without its folder. */
  get name(): string {
    return basename(this.#path);
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
    const place = await processPlace();
    const content = JSON.stringify({ pid: process.pid, started, place, host: hostname(), id });
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
    clearInterval(this.#beat);
    if ((await readOrNothing(this.#path)) === this.#content) await unlink(this.#path);
  }
}

/** Process number of the running process that holds a lock; undefined where none does. */
export async function lockHolder(path: string): Promise<number | undefined> {
  const content = await readOrNothing(path);
  const holder = content === undefined ? undefined : parseHolder(content);
  if (holder === undefined) return undefined;
  const isHeld = (await isVisible(holder)) ? await isRunning(holder) : await isFresh(path);
  return isHeld ? holder.pid : undefined;
}

/**
 * What a lock says whose holder has ended; undefined when it has gone.
 * @throws Error when its holder runs
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
  /** Where its number is one: empty where that is not known. */
  place: string;
  host: string;
}

/** Whether we see the processes among which a holder is. */
async function isVisible({ place }: Holder): Promise<boolean> {
  return place === '' || place === (await processPlace());
}

/** What tells apart those who see each other's process numbers: the machine, and the namespace. */
async function processPlace(): Promise<string> {
  const boot = await readOrNothing('/proc/sys/kernel/random/boot_id');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return boot === undefined ? hostname() : `${boot.trim()} ${namespace}`;
}

/** Lets the disk note the time, by its own clock: what the file says stays the same. */
async function touch(path: string, content: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    if ((await file.readFile('utf8')) === content) await file.write(content, 0);
  } finally {
    await file.close();
  }
}

/** Whether a lock was touched of late, by the clock of the disk that it is on. */
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

/** Waits until a lock is touched, or was not for too long. */
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
