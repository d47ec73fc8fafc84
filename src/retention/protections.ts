import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { absent } from '../files/absent.ts';
import { makeFolder, replaceFile } from '../files/durable-file.ts';

/** A stretch of a stream that nothing deletes. Times are µs since the Unix epoch, end exclusive. */
export interface Protection {
  id: string;
  stream: string;
  startUs: number;
  endUs: number;
  note: string;
  createdUs: number;
}

/** Name of the file, beside the index. */
const NAME = 'protections.json';

/** The protected stretches, durable in a file. */
export class Protections {
  readonly #file: string;
  #all: Protection[];

  private constructor(file: string, all: Protection[]) {
    this.#file = file;
    this.#all = all;
  }

  /**
   * Reads the file.
   * @param indexPath path of the segment index
   * @throws Error for a file that cannot be read: without it, protected recordings would be deleted
   */
  static async open(indexPath: string): Promise<Protections> {
    const file = path.join(path.dirname(indexPath), NAME);
    const text = await readFile(file, 'utf8').catch(absent);
    if (text === undefined) return new Protections(file, []);
    try {
      const all: unknown = JSON.parse(text);
      if (!Array.isArray(all) || !all.every(isProtection)) throw new TypeError('unknown content');
      return new Protections(file, all);
    } catch (cause) {
      throw new Error(
        `${file} cannot be read, and protects recordings from being deleted: restore it from a backup, or remove it if nothing is to be protected (${(cause as Error).message})`,
        { cause },
      );
    }
  }

  /** All of them, the oldest first. */
  list(): readonly Protection[] {
    return this.#all;
  }

  /** Adds one; durable when it resolves. @throws the file system's error */
  async add(protection: Omit<Protection, 'id'>): Promise<Protection> {
    const added = { id: randomUUID(), ...protection };
    await this.#save([...this.#all, added]);
    return added;
  }

  /**
   * Removes one; durable when it resolves.
   * @returns undefined if there is none with this id
   * @throws the file system's error
   */
  async remove(id: string): Promise<Protection | undefined> {
    const found = this.#all.find((each) => each.id === id);
    if (found !== undefined) await this.#save(this.#all.filter((each) => each !== found));
    return found;
  }

  /** Whether any of a stretch of a stream is protected. */
  covers(stream: string, startUs: number, endUs: number): boolean {
    return this.#all.some(
      (each) => each.stream === stream && each.startUs < endUs && each.endUs > startUs,
    );
  }

  async #save(all: Protection[]): Promise<void> {
    await makeFolder(path.dirname(this.#file));
    await replaceFile(this.#file, `${JSON.stringify(all, undefined, 2)}\n`);
    this.#all = all;
  }
}

function isProtection(value: unknown): value is Protection {
  const { id, stream, startUs, endUs, note, createdUs } = (value ?? {}) as Record<string, unknown>;
  const areTexts = [id, stream, note].every((text) => typeof text === 'string');
  return areTexts && [startUs, endUs, createdUs].every(Number.isSafeInteger);
}
