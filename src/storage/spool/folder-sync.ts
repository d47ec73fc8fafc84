import type { Clock } from '../../clock/clock.ts';
import { absent } from '../../files/absent.ts';
import { syncFolder } from '../../files/durable-file.ts';

/** How long deletions are collected, ms. */
const GATHER_MS = 1_000;

/**
 * Makes deletions durable, many of a folder at once. The delay is harmless: a file that reappears
 * after a power failure is uploaded again.
 */
export class FolderSync {
  readonly #clock: Clock;
  readonly #log: { warn(fields: object, message: string): void };
  #folders = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, log: { warn(fields: object, message: string): void }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Call after files of a folder were deleted. */
  add(folder: string): void {
    this.#folders.add(folder);
    this.#cancel ??= this.#clock.after(GATHER_MS, () => void this.flush());
  }

  /** Makes all deletions so far durable. Never rejects. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const folders = this.#folders;
    this.#folders = new Set();
    for (const folder of folders) {
      await syncFolder(folder)
        .catch(absent)
        .catch((err: Error) => this.#log.warn({ folder, err }, 'cannot sync a folder'));
    }
  }
}
