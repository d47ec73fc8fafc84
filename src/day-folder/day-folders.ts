import type { WriteQueue } from '../files/write-queue.ts';
import { dayEndUs } from '../layout/day.ts';
import { dayFolder } from '../layout/stream-folder.ts';
import { PresentationFolder } from './presentation-folder.ts';
import type { PresentationFolderOptions } from './presentation-folder-options.ts';

/** Settings of {@link DayFolders}. */
export interface DayFoldersOptions extends Omit<PresentationFolderOptions, 'folder' | 'dayUs'> {
  /** Encoded base folder below the root, or empty. */
  baseFolder: string;
  /** Told whenever folder and manifest are as they should be. */
  onWritten(): void;
  /** Told of each folder that could not be closed: somebody has to try again. */
  onUnclosed?(folder: PresentationFolder, error: Error): void;
}

/** The day folders of one recording: the one that is written to, and at midnight the one before. */
export class DayFolders {
  readonly #options: DayFoldersOptions;
  readonly #queue: WriteQueue;
  #current: PresentationFolder;
  #endUs: number;
  /** Yesterday's, until its sound has come to its end. */
  #left: PresentationFolder | undefined;

  /** Opens the folder of an instant's day. @param us µs since the Unix epoch */
  constructor(us: number, queue: WriteQueue, options: DayFoldersOptions) {
    this.#options = options;
    this.#queue = queue;
    this.#current = this.#open(us);
    this.#endUs = dayEndUs(us);
  }

  /** The folder that is written to. */
  get current(): PresentationFolder {
    return this.#current;
  }

  /** UTC midnight at which its day ends, µs since the Unix epoch. */
  get endUs(): number {
    return this.#endUs;
  }

  /** Goes on in the folder of the day an instant belongs to, if that is a later one. */
  goTo(us: number): void {
    if (us < this.#endUs) return;
    this.#left = this.#current;
    this.#current = this.#open(us);
    this.#endUs = dayEndUs(us);
  }

  /** Both tracks have left the folder of the day before: it is closed. */
  closeLeft(): void {
    const left = this.#left;
    this.#left = undefined;
    if (left !== undefined) this.#close(left);
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    const folder = this.#current;
    folder.tick();
    if (folder.manifestIsDue()) {
      this.#push(() => folder.writeManifest());
    }
  }

  /** Ends the recording in this folder. */
  close(): void {
    this.closeLeft();
    this.#close(this.#current);
  }

  #close(folder: PresentationFolder): void {
    this.#push(async () => {
      try {
        await folder.close();
      } catch (error) {
        this.#options.onUnclosed?.(folder, error as Error);
        throw error;
      }
    });
  }

  #open(us: number): PresentationFolder {
    const { stream, baseFolder } = this.#options;
    const folder = new PresentationFolder({
      ...this.#options,
      folder: dayFolder(stream, us, baseFolder),
      dayUs: us,
    });
    this.#push(() => folder.open());
    return folder;
  }

  #push(write: () => Promise<void>): void {
    this.#queue.push({ failed: false }, 0, async () => {
      await write();
      this.#options.onWritten();
    });
  }
}
