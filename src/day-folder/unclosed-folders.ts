import { Backoff, DISK_BACKOFF } from '../clock/backoff.ts';
import type { PresentationFolder } from './presentation-folder.ts';
import type { RecordingLog } from './recording-log.ts';

/** The part of a folder that is used here. */
export type Closable = Pick<PresentationFolder, 'path' | 'close'>;

/** Options of {@link UnclosedFolders}. */
export interface UnclosedFoldersOptions {
  stream: string;
  log: Pick<RecordingLog, 'info'>;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Called when the last folder has been closed or left to a recording. */
  onNoneLeft(): void;
}

/**
 * Day folders of a stream that could not be closed because the disk was full or unavailable.
 * Closing is retried until it succeeds. Nobody else may write to such a folder meanwhile; a
 * recording that needs it recovers its content and closes it itself, see
 * {@link UnclosedFolders.leave}.
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

  /** Number of folders. */
  get size(): number {
    return this.#folders.size;
  }

  /** Error of the last attempt; undefined if there are no folders. */
  get error(): string | undefined {
    return this.#folders.size === 0 ? undefined : this.#error;
  }

  has(path: string): boolean {
    return this.#folders.has(path);
  }

  /** Adds a folder that has just failed to close. @param reason the error */
  add(folder: Closable, reason: string): void {
    this.#error = reason;
    this.#folders.set(folder.path, folder);
    this.#retry.failed(this.#options.now());
  }

  /**
   * Leaves a folder to a recording that is about to write to it.
   * @param path object path
   * @returns resolves when no operation in it is in progress any more
   */
  async leave(path: string): Promise<void> {
    const wasIn = this.#folders.delete(path);
    await this.#running;
    if (wasIn && this.#folders.size === 0) this.#options.onNoneLeft();
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    if (this.#folders.size === 0 || this.#running !== undefined) return;
    if (!this.#retry.mayTry(this.#options.now())) return;
    this.#running = this.#closeAll().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when no attempt is in progress. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #closeAll(): Promise<void> {
    const { stream, log, now, onNoneLeft } = this.#options;
    for (const [path, folder] of this.#folders) {
      try {
        await folder.close();
      } catch (error) {
        // Not logged, because the first failure was.
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
