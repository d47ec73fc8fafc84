import { Backoff, DISK_BACKOFF } from '../clock/backoff.ts';
import type { PresentationFolder } from './presentation-folder.ts';
import type { RecordingLog } from './recording-log.ts';

/** What is needed of a folder. */
export type Closable = Pick<PresentationFolder, 'path' | 'close'>;

/** What {@link UnclosedFolders} needs. */
export interface UnclosedFoldersOptions {
  stream: string;
  log: Pick<RecordingLog, 'info'>;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** The last of them was closed, or left to a recording. */
  onNoneLeft(): void;
}

/**
 * Day folders of one stream that could not be closed, since the disk was full or away: they are
 * closed as soon as it takes that. Nobody may write into one meanwhile; a recording that is to goes on
 * from what is there and closes it itself, see {@link UnclosedFolders.leave}.
 */
export class UnclosedFolders {
  readonly #options: UnclosedFoldersOptions;
  readonly #folders = new Map<string, Closable>();
  readonly #retry = new Backoff(DISK_BACKOFF, () => 1);
  #running: Promise<void> | undefined;
  #error: string | undefined;

  constructor(options: UnclosedFoldersOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#folders.size;
  }

  /** Why they could not be closed when that was tried last; undefined when there is none. */
  get error(): string | undefined {
    return this.#folders.size === 0 ? undefined : this.#error;
  }

  /** Takes a folder of which closing has just failed. @param reason what it failed of */
  add(folder: Closable, reason: string): void {
    this.#error = reason;
    this.#folders.set(folder.path, folder);
    this.#retry.failed(this.#options.now());
  }

  /**
   * Leaves a folder to a recording that is about to write into it.
   * @param path object path
   * @returns resolves when nothing is done in it any more
   */
  async leave(path: string): Promise<void> {
    const wasIn = this.#folders.delete(path);
    await this.#running;
    if (wasIn && this.#folders.size === 0) this.#options.onNoneLeft();
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    if (this.#folders.size === 0 || this.#running !== undefined) return;
    if (!this.#retry.mayTry(this.#options.now())) return;
    this.#running = this.#closeAll().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when a try that is under way has ended. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #closeAll(): Promise<void> {
    const { stream, log, now, onNoneLeft } = this.#options;
    for (const [path, folder] of this.#folders) {
      try {
        await folder.close();
      } catch (error) {
        // Logged when it failed first.
        this.#error = (error as Error).message;
        this.#retry.failed(now());
        return;
      }
      if (this.#folders.get(path) === folder) this.#folders.delete(path);
      log.info({ stream, folder: path }, 'closed a recording that could not be closed before');
    }
    this.#retry.reset();
    onNoneLeft();
  }
}
