import { statfs } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock/clock.ts';
import { FillRate } from './fill-rate.ts';

/** Interval between checks of the disk, ms. */
const LOOK_MS = 5_000;
/** A mark is left again above it by this share of the disk, or of the mark if that is less. */
const BACK_OF_DISK = 0.02;
const BACK_OF_MARK = 0.2;

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

/** Free space below which a warning is logged: bytes, or a share (0 to 1) of the disk. */
export type SpaceMark = { bytes: number } | { share: number };

/** The marks unless others are configured. */
const USUAL_MARKS: readonly SpaceMark[] = [{ share: 0.1 }, { share: 0.05 }];

/** A mark was passed, or the disk has enough again. */
export interface SpaceChange {
  resource: 'space' | 'inodes';
  /** The mark that was passed; absent if the disk has enough again. */
  mark?: SpaceMark;
  space: FreeSpace;
  /** See {@link FillRate.secondsUntilFull}. */
  secondsUntilFull?: number;
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
  #marks: readonly SpaceMark[];
  readonly #fillRate = new FillRate();
  /** The lowest mark that was passed. */
  readonly #passed: { [R in SpaceChange['resource']]?: SpaceMark } = {};
  #cancel: (() => void) | undefined;
  #isStopped = false;
  #isUnreadable = false;

  constructor(
    folder: string,
    log: SpaceLog,
    clock: Clock = systemClock,
    read = freeSpace,
    marks = USUAL_MARKS,
  ) {
    this.#folder = folder;
    this.#log = log;
    this.#clock = clock;
    this.#read = read;
    this.#marks = marks;
  }

  /** Changes the marks; the next look judges by them. */
  setMarks(marks: readonly SpaceMark[]): void {
    this.#marks = marks;
  }

  /** True while there is less than a mark. */
  get isLow(): boolean {
    return this.#passed.space !== undefined || this.#passed.inodes !== undefined;
  }

  /** See {@link FillRate.secondsUntilFull}. */
  get secondsUntilFull(): number | undefined {
    return this.#fillRate.secondsUntilFull;
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
      this.#fillRate.note(space.freeBytes, space.totalBytes, this.#clock.now());
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
    // Marks in bytes say nothing of inodes.
    const marks = this.#marks
      .filter((mark) => resource === 'space' || 'share' in mark)
      .toSorted((a, b) => levelOf(a, total) - levelOf(b, total));
    const mark = marks.find((each) => free < levelOf(each, total));
    const held = marks.find((each) => free < returnOf(each, total));
    const passed = this.#passed[resource];
    const level = passed === undefined ? Number.POSITIVE_INFINITY : levelOf(passed, total);
    const fields = { folder: this.#folder, ...fieldsOf(space) };
    const { secondsUntilFull } = this;
    if (mark !== undefined && levelOf(mark, total) < level) {
      this.#passed[resource] = mark;
      const full = secondsUntilFull !== undefined && { full_in_seconds: secondsUntilFull };
      const message = `the disk of the recordings has less than ${inWords(mark)} free ${resource}`;
      this.#log.warn({ ...fields, ...full }, message);
      this.onChange?.({ resource, mark, space, ...(full && { secondsUntilFull }) });
    } else if (held !== undefined) {
      if (levelOf(held, total) > level) this.#passed[resource] = held;
    } else if (passed !== undefined) {
      delete this.#passed[resource];
      this.#log.info(fields, `the disk has ${resource} again`);
      this.onChange?.({ resource, space });
    }
  }
}

/** Free space or inodes below which a mark is passed. */
function levelOf(mark: SpaceMark, total: number): number {
  return 'bytes' in mark ? mark.bytes : mark.share * total;
}

/** Free space or inodes from which on a mark is left again. */
function returnOf(mark: SpaceMark, total: number): number {
  const level = levelOf(mark, total);
  return level + Math.min(BACK_OF_DISK * total, BACK_OF_MARK * level);
}

function inWords(mark: SpaceMark): string {
  return 'bytes' in mark ? `${mark.bytes} bytes` : `${Number((mark.share * 100).toFixed(2))} %`;
}

function fieldsOf({ freeBytes, totalBytes, freeInodes, totalInodes }: FreeSpace): object {
  return {
    free_bytes: freeBytes,
    total_bytes: totalBytes,
    ...(freeInodes !== undefined && { free_inodes: freeInodes, total_inodes: totalInodes }),
  };
}
