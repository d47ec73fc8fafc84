import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../files/durable-file.ts';
import { lockHolder } from '../files/process-lock.ts';
import { ownPath } from '../layout/own-folder.ts';

/** Name of the reserved folder with a file for each day folder that a recorder has open. */
const OWNERS = 'writers';

/** Another recorder writes to the day folder. */
export class FolderInUseError extends Error {
  override name = 'FolderInUseError';
}

/**
 * Records which recorder writes to which day folder, for recorders that share a storage root: a
 * living recorder's part files must not be touched, and two writers of one manifest would overwrite
 * each other's changes. The entry of a folder names its recorder's lock, so that the folder is free
 * as soon as the recorder has ended in any way.
 */
export class FolderOwners {
  readonly #root: string;
  readonly #lock: string;

  /** @param lock file name of this recorder's lock, see `lockForRecorder` */
  constructor(root: string, lock: string) {
    this.#root = root;
    this.#lock = lock;
  }

  /**
   * Acquires a day folder; does nothing if it is already ours.
   * @param folder object path
   * @throws FolderInUseError while another recorder has it; the file system's error
   */
  async take(folder: string): Promise<void> {
    const file = this.#file(folder);
    const owner = await this.#ownerOf(file);
    if (owner === this.#lock) return;
    if (owner !== undefined) await this.#mustHaveEnded(owner, folder);
    await makeFolder(path.dirname(file));
    const own = `${file}.${randomUUID()}`;
    try {
      await writeFile(own, JSON.stringify({ folder, lock: this.#lock }), { flag: 'wx' });
      await rename(own, file);
    } catch (error) {
      await rm(own, { force: true });
      throw error;
    }
    // If two recorders acquire it at the same moment, the later one wins; the other one detects
    // that here, or when the name of its first segment is in use.
    const now = await this.#ownerOf(file);
    if (now !== undefined && now !== this.#lock) await this.#mustHaveEnded(now, folder);
  }

  /** Releases a folder that is closed. @throws the file system's error */
  async release(folder: string): Promise<void> {
    const file = this.#file(folder);
    if ((await this.#ownerOf(file)) === this.#lock) await rm(file, { force: true });
  }

  async #mustHaveEnded(lock: string, folder: string): Promise<void> {
    const holder = await lockHolder(ownPath(this.#root, lock));
    if (holder === undefined) return;
    throw new FolderInUseError(
      `${folder} is being written by another recorder, process ${holder}: it can be used when that has ended`,
    );
  }

  async #ownerOf(file: string): Promise<string | undefined> {
    try {
      const { lock } = JSON.parse(await readFile(file, 'utf8')) as { lock?: unknown };
      return typeof lock === 'string' && !/[/\\]/.test(lock) ? lock : undefined;
    } catch (error) {
      // Only a crash of the machine leaves an incomplete entry: it is complete before it gets its
      // name.
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (isMissing || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #file(folder: string): string {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 32);
    return ownPath(this.#root, OWNERS, `${name}.json`);
  }
}
