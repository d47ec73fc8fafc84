import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../files/durable-file.ts';
import { lockHolder } from '../files/process-lock.ts';
import { ownPath } from '../layout/own-folder.ts';

/** Among what is ours in a storage root: a file for each day folder that a recorder has open. */
const OWNERS = 'writers';

/** A day folder that another recorder writes into. */
export class FolderInUseError extends Error {
  override name = 'FolderInUseError';
}

/**
 * Who writes into which day folder, among recorders that share a storage root: part files of one that
 * lives are its own, and two writers of one manifest would undo each other's. A folder is noted with
 * the lock of its recorder, so that it is free as soon as that has ended, however it ended.
 */
export class FolderOwners {
  readonly #root: string;
  readonly #lock: string;

  /** @param lock file name of this recorder's own lock, see `lockForRecorder` */
  constructor(root: string, lock: string) {
    this.#root = root;
    this.#lock = lock;
  }

  /**
   * Takes a day folder; harmless for one that is ours.
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
    // Of two that take it in the same moment the later stays; the other one finds that out here, or
    // when the name of its first segment is taken.
    const now = await this.#ownerOf(file);
    if (now !== undefined && now !== this.#lock) await this.#mustHaveEnded(now, folder);
  }

  /** Gives a folder free that is closed. @throws the file system's error */
  async release(folder: string): Promise<void> {
    const file = this.#file(folder);
    if ((await this.#ownerOf(file)) === this.#lock) await rm(file, { force: true });
  }

  async #mustHaveEnded(lock: string, folder: string): Promise<void> {
    const holder = await lockHolder(ownPath(this.#root, lock));
    if (holder === undefined) return;
    throw new FolderInUseError(
      `${folder} is written by another recorder, process ${holder}: it is taken up when that has ended`,
    );
  }

  async #ownerOf(file: string): Promise<string | undefined> {
    try {
      const { lock } = JSON.parse(await readFile(file, 'utf8')) as { lock?: unknown };
      return typeof lock === 'string' && !/[/\\]/.test(lock) ? lock : undefined;
    } catch (error) {
      // Only a crash of the machine tears it: it was whole before it had its name.
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
