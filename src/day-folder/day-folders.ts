import type { WriteQueue } from '../files/write-queue.ts';
import { dayEndUs } from '../layout/day.ts';
import { dayFolder } from '../layout/stream-folder.ts';
import { PresentationFolder } from './presentation-folder.ts';
import type { PresentationFolderOptions } from './presentation-folder-options.ts';

/** Options of {@link DayFolders}. */
export interface DayFoldersOptions extends Omit<PresentationFolderOptions, 'folder' | 'dayUs'> {
  /** Encoded base folder below the root, or empty. */
  baseFolder: string;
  /** Called when folder and manifest have been written successfully. */
  onWritten(): void;
  /** Called for each folder that could not be closed; the caller must retry. */
  onUnclosed?(folder: PresentationFolder, error: Error): void;
}

/** The day folders of a recording: the current one and, around midnight, the previous one. */
export class DayFolders {
  readonly #options: DayFoldersOptions;
  readonly #queue: WriteQueue;
  #current: PresentationFolder;
  #endUs: number;
  /** Yesterday's folder, until its audio has ended. */
  #left: PresentationFolder | undefined;

  /** Opens the folder of an instant's UTC day. @param us µs since the Unix epoch */
  constructor(us: number, queue: WriteQueue, options: DayFoldersOptions) {
    this.#options = options;
    this.#queue = queue;
    this.#current = this.#open(us);
    this.#endUs = dayEndUs(us);
  }

  /** The current folder. */
  get current(): PresentationFolder {
    return this.#current;
  }

  /** UTC midnight at the end of its day, µs since the Unix epoch. */
  get endUs(): number {
    return this.#endUs;
  }

  /** Switches to the folder of an instant's day, if that is a later day. */
  goTo(us: number): void {
    if (us < this.#endUs) return;
    this.#left = this.#current;
    this.#current = this.#open(us);
    this.#endUs = dayEndUs(us);
  }

  /** A Period has ended, and its segments are in the queue: the manifest on disk soon names them. */
  periodEnded(): void {
    const folder = this.#current;
    this.#queue.push({ failed: false }, 0, async () => folder.expediteManifest());
  }

  /** Closes the previous folder; call it when both tracks have left it. */
  closeLeft(): void {
    const left = this.#left;
    this.#left = undefined;
    if (left !== undefined) this.#close(left);
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    const folder = this.#current;
    folder.tick();
    if (folder.manifestIsDue()) {
      this.#push(() => folder.writeManifest());
    }
  }

  /**
   * Changes a day folder in the turn of the writes.
   * @param path its object path
   * @param edit is given the folder if this recording has it open
   * @throws what `edit` throws
   */
  edit<T>(path: string, edit: (folder: PresentationFolder | undefined) => Promise<T>): Promise<T> {
    const open = [this.#current, this.#left].find((folder) => folder?.path === path);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#queue.push({ failed: false }, 0, () => edit(open).then(resolve, reject));
    return promise;
  }

  /** Ends the recording in these folders. */
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
