import { readdir } from 'node:fs/promises';
import { absent } from '../files/absent.ts';
import { MANIFEST_NAME } from '../layout/file-names.ts';
import { nameOf, objectPath } from '../layout/object-path.ts';
import {
  folderReader,
  type RecordedBytes,
  type RecordingsReader,
} from '../storage/recordings-reader.ts';

/** Where those files of a recording are that have left its folder. */
export interface StoredRecording {
  reader: RecordingsReader;
  /** Object path of the recording's folder. */
  folder: string;
}

/** The files of one recording: those in its folder and, behind them, those in a store. */
export class RecordingFiles {
  /** Path of the file system; need not exist where a store has it all. */
  readonly folder: string;
  readonly #here: RecordingsReader;
  readonly #stored: StoredRecording | undefined;

  constructor(folder: string, stored?: StoredRecording) {
    this.folder = folder;
    this.#here = folderReader(folder);
    this.#stored = stored;
  }

  /**
   * Names of all files, unfinished ones too.
   * @throws the file system's error, that the folder is absent only without a store; StoreError
   */
  async names(): Promise<string[]> {
    const stored = this.#stored;
    if (stored === undefined) return readdir(this.folder);
    const names = new Set((await readdir(this.folder).catch(absent)) ?? []);
    // After the folder: what is uploaded meanwhile is seen twice rather than never.
    for await (const { key } of stored.reader.files(stored.folder)) {
      names.add(nameOf(key));
    }
    return [...names];
  }

  /**
   * Opens a file. One in the store is fetched as a whole.
   * @returns undefined where there is no such file (any more)
   * @throws the file system's error, or StoreError
   */
  async open(name: string): Promise<RecordedBytes | undefined> {
    const here = await this.#here.open({ key: name, size: 0 });
    if (here !== undefined) return here;
    const bytes = await this.#fetch(name);
    return bytes && inMemory(bytes);
  }

  /** All bytes of a file; see {@link open}. */
  async read(name: string): Promise<Buffer | undefined> {
    return (await this.#here.read(name)) ?? this.#fetch(name);
  }

  /** Texts of the manifest in the folder and of that in the store, as far as there are such. */
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
