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

/** A mark was passed, or the disk has enough again. */
export interface SpaceChange {
  resource: 'space' | 'inodes';
  /** Free share below which the disk is, percent; absent if it has enough again. */
  belowPercent?: number;
  space: FreeSpace;
}

interface SpaceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Warns before the disk of the recordings runs out of space or inodes. */
export class FreeSpaceWatch {
  /** Called with each warning, and when there is enough again; must not throw. */
  onChange: ((change: SpaceChange) => void) | undefined;
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

  #judge(resource: SpaceChange['resource'], free: number, total: number, space: FreeSpace): void {
    const percent = total === 0 ? 100 : (free / total) * 100;
    const folder = this.#folder;
    const warned = this.#warned[resource];
    const share = WARN_PERCENT.find((each) => percent < each) ?? 100;
    if (share < warned) {
      this.#warned[resource] = share;
      const message = `the disk of the recordings has less than ${share} % free ${resource}`;
      this.#log.warn({ folder, ...fieldsOf(space) }, message);
      this.onChange?.({ resource, belowPercent: share, space });
    } else if (share > warned && percent >= warned + BACK_PERCENT) {
      this.#warned[resource] = share;
      if (share === 100) {
        this.#log.info({ folder, ...fieldsOf(space) }, `the disk has ${resource} again`);
        this.onChange?.({ resource, space });
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
