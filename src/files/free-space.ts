import { statfs } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock/clock.ts';

/** Interval between checks of the disk, ms. */
const LOOK_MS = 5_000;
/** A warning is logged below these shares of free space or inodes, percent; lowest first. */
const WARN_PERCENT = [5, 10];
/**
 * A warning is repeated if the free share has meanwhile exceeded the threshold by this, percent.
 */
const BACK_PERCENT = 2;

/** Free and total capacity of a disk. */
export interface FreeSpace {
  /** Space that this user can still write, bytes. */
  freeBytes: number;
  totalBytes: number;
  /** Number of files that can still be created; absent if the file system has no limit. */
  freeInodes?: number;
  totalInodes?: number;
}

/** Reads the free space of a folder's disk. @throws the file system's error */
export async function freeSpace(folder: string): Promise<FreeSpace> {
  const { bavail, blocks, bsize, files, ffree } = await statfs(folder);
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    ...(files > 0 && { freeInodes: ffree, totalInodes: files }),
  };
}

interface SpaceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Warns before the disk of the recordings runs out of space or inodes. */
export class FreeSpaceWatch {
  readonly #folder: string;
  readonly #log: SpaceLog;
  readonly #clock: Clock;
  readonly #read: (folder: string) => Promise<FreeSpace>;
  /** The threshold of the last warning, percent. */
  readonly #warned = { space: 100, inodes: 100 };
  #cancel: (() => void) | undefined;
  #isStopped = false;
  #isUnreadable = false;

  constructor(folder: string, log: SpaceLog, clock: Clock = systemClock, read = freeSpace) {
    this.#folder = folder;
    this.#log = log;
    this.#clock = clock;
    this.#read = read;
  }

  /** Checks the disk now and every five seconds. Never rejects. */
  async start(): Promise<void> {
    await this.#look();
    if (!this.#isStopped) this.#cancel = this.#clock.after(LOOK_MS, () => void this.start());
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #look(): Promise<void> {
    try {
      const space = await this.#read(this.#folder);
      this.#isUnreadable = false;
      this.#judge('space', space.freeBytes, space.totalBytes, space);
      const { freeInodes, totalInodes } = space;
      if (freeInodes !== undefined) this.#judge('inodes', freeInodes, totalInodes!, space);
    } catch (err) {
      if (!this.#isUnreadable) {
        this.#log.warn({ folder: this.#folder, err }, 'cannot read the free space of the disk');
      }
      this.#isUnreadable = true;
    }
  }

  #judge(what: 'space' | 'inodes', free: number, total: number, space: FreeSpace): void {
    const percent = total === 0 ? 100 : (free / total) * 100;
    const folder = this.#folder;
    const warned = this.#warned[what];
    const share = WARN_PERCENT.find((each) => percent < each) ?? 100;
    if (share < warned) {
      this.#warned[what] = share;
      const message = `the disk of the recordings has less than ${share} % free ${what}`;
      this.#log.warn({ folder, ...fieldsOf(space) }, message);
    } else if (share > warned && percent >= warned + BACK_PERCENT) {
      this.#warned[what] = share;
      if (share === 100) {
        this.#log.info({ folder, ...fieldsOf(space) }, `the disk has ${what} again`);
      }
    }
  }
}

function fieldsOf({ freeBytes, totalBytes, freeInodes, totalInodes }: FreeSpace): object {
  return {
    free_bytes: freeBytes,
    total_bytes: totalBytes,
    ...(freeInodes !== undefined && { free_inodes: freeInodes, total_inodes: totalInodes }),
  };
}
