import { rm, stat, writeFile } from 'node:fs/promises';
import { absent } from './absent.ts';

/** Enough for journals and for the manifest of a long day, bytes. */
const BYTES = 4 << 20;

/**
 * A file that is deleted when the disk is full: to delete recordings, journals and manifests have to
 * be written first.
 */
export class SpaceReserve {
  readonly #file: string;

  /** @param file path of the file */
  constructor(file: string) {
    this.#file = file;
  }

  /** Writes the file, unless it is there or the disk has no space for it. */
  async fill(): Promise<void> {
    const found = await stat(this.#file).catch(absent);
    if (found?.size === BYTES) return;
    await writeFile(this.#file, Buffer.alloc(BYTES, 'reserve ')).catch(() => this.free());
  }

  /** Deletes the file. @throws the file system's error */
  async free(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
