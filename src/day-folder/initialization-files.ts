import type { FactListener } from '../facts/recording-fact.ts';
import { SegmentFile } from '../files/segment-file.ts';
import { initializationName } from '../layout/file-names.ts';
import { filePath, objectPath } from '../layout/object-path.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { FolderNumbers } from './folder-numbers.ts';

/** Options of {@link InitializationFiles}. */
export interface InitializationFilesOptions {
  /** Storage root, a path in the file system. */
  root: string;
  /** Object path of the folder below the root. */
  folder: string;
  /** Called for each file once it is durable. */
  onFact: FactListener;
}

/** The initialization segments of a folder; a file is reused if its content is the same. */
export class InitializationFiles {
  readonly #options: InitializationFilesOptions;
  readonly #numbers: FolderNumbers;
  #written: { kind: TrackKind; name: string; data: Buffer }[] = [];

  constructor(options: InitializationFilesOptions, numbers: FolderNumbers) {
    this.#options = options;
    this.#numbers = numbers;
  }

  /**
   * Forgets the files that are gone, so that they are written again. @param names of the existing
   * files
   */
  keepOnly(names: readonly string[]): void {
    this.#written = this.#written.filter(({ name }) => names.includes(name));
  }

  /** Forgets a file that is about to be deleted: no other track may use it. */
  forget(name: string): void {
    this.#written = this.#written.filter((file) => file.name !== name);
  }

  /**
   * Writes a file and makes it durable, unless there is one with the same content.
   * @returns its file name
   * @throws Error if another writer took the number; the file system's error
   */
  async write(kind: TrackKind, container: ContainerName, data: Buffer): Promise<string> {
    const same = this.#written.find((file) => file.kind === kind && file.data.equals(data));
    if (same !== undefined) return same.name;
    const { root, folder, onFact } = this.#options;
    const number = ++this.#numbers.init[kind];
    const name = initializationName(kind, number, container);
    const file = await SegmentFile.claim(filePath(root, objectPath(folder, name)));
    if (file === undefined) {
      throw new Error(`${folder}/${name} exists already: does another recorder write here?`);
    }
    try {
      await file.append([data], data.length);
      await file.commit();
    } catch (error) {
      await file.discard();
      throw error;
    }
    onFact({ type: 'initialization', path: objectPath(folder, name) });
    this.#written.push({ kind, name, data });
    return name;
  }
}
