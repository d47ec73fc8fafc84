import type { Clock } from '../../clock/clock.ts';
import { absent } from '../../files/absent.ts';
import { syncFolder } from '../../files/durable-file.ts';

/** ms that deletions are gathered for. */
const GATHER_MS = 1_000;

/**
 * Makes deletions durable, many of a folder at once. Nothing depends on when: a file that is back
 * after a power loss is uploaded once more.
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

  /** Files of a folder were deleted. */
  add(folder: string): void {
    this.#folders.add(folder);
    this.#cancel ??= this.#clock.after(GATHER_MS, () => void this.flush());
  }

  /** Makes durable what was told so far. Never rejects. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const folders = this.#folders;
    this.#folders = new Set();
    for (const folder of folders) {
      await syncFolder(folder)
        .catch(absent)
        .catch((err: Error) => this.#log.warn({ folder, err }, 'a folder cannot be synced'));
    }
  }
}
