import { readdir } from 'node:fs/promises';
import { absent } from '../files/absent.ts';
import { MANIFEST_NAME } from '../layout/file-names.ts';
import { nameOf, objectPath } from '../layout/object-path.ts';
import {
  folderReader,
  type RecordedBytes,
  type RecordingsReader,
} from '../storage/recordings-reader.ts';

/** The files of a recording that have been moved to a store. */
export interface StoredRecording {
  reader: RecordingsReader;
  /** Object path of the day folder. */
  folder: string;
}

/** The files of a recording in its folder and in a store. */
export class RecordingFiles {
  /** Path in the file system; need not exist if the store has all files. */
  readonly folder: string;
  readonly #here: RecordingsReader;
  readonly #stored: StoredRecording | undefined;

  constructor(folder: string, stored?: StoredRecording) {
    this.folder = folder;
    this.#here = folderReader(folder);
    this.#stored = stored;
  }

  /**
   * Names of all files, including unfinished ones.
   * @throws the file system's error, but that of a missing folder only without a store; StoreError
   */
  async names(): Promise<string[]> {
    const stored = this.#stored;
    if (stored === undefined) return readdir(this.folder);
    const names = new Set((await readdir(this.folder).catch(absent)) ?? []);
    // Listed after the folder, so that a file that is uploaded meanwhile appears twice rather than
    // not at all.
    for await (const { key } of stored.reader.files(stored.folder)) {
      names.add(nameOf(key));
    }
    return [...names];
  }

  /**
   * Opens a file; one in the store is fetched whole.
   * @returns undefined if the file does not exist (any more)
   * @throws the file system's error, or StoreError
   */
  async open(name: string): Promise<RecordedBytes | undefined> {
    const here = await this.#here.open({ key: name, size: 0 });
    if (here !== undefined) return here;
    const bytes = await this.#fetch(name);
    return bytes && inMemory(bytes);
  }

  /** Reads a whole file; see {@link open}. */
  async read(name: string): Promise<Buffer | undefined> {
    return (await this.#here.read(name)) ?? this.#fetch(name);
  }

  /** Texts of the manifests in the folder and in the store, those that exist. */
  async manifests(): Promise<string[]> {
    const found = [await this.#here.read(MANIFEST_NAME), await this.#fetch(MANIFEST_NAME)];
    return found.filter((bytes) => bytes !== undefined).map(String);
  }

  async #fetch(name: string): Promise<Buffer | undefined> {
    return this.#stored?.reader.read(objectPath(this.#stored.folder, name));
  }
}

function inMemory(bytes: Buffer): RecordedBytes {
  return {
    size: bytes.length,
    async read(target, offset, length, position) {
      return { bytesRead: bytes.copy(target, offset, position, position + length) };
    },
    async close() {},
  };
}
