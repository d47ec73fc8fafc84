import type { FactListener } from '../facts/recording-fact.ts';
import { SegmentFile } from '../files/segment-file.ts';
import { initializationName } from '../layout/file-names.ts';
import { filePath, objectPath } from '../layout/object-path.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { FolderNumbers } from './folder-numbers.ts';

/** Where {@link InitializationFiles} are. */
export interface InitializationFilesOptions {
  /** Storage root, a path of the file system. */
  root: string;
  /** Object path of the folder below the root. */
  folder: string;
  /** Told of each of them once it is durable. */
  onFact: FactListener;
}

/** Initialization segments of one folder: one that was written is used again where it is the same. */
export class InitializationFiles {
  readonly #options: InitializationFilesOptions;
  readonly #numbers: FolderNumbers;
  #written: { kind: TrackKind; name: string; data: Buffer }[] = [];

  constructor(options: InitializationFilesOptions, numbers: FolderNumbers) {
    this.#options = options;
    this.#numbers = numbers;
  }

  /** Forgets those that are gone, so that they are written anew. @param names of what is there */
  keepOnly(names: readonly string[]): void {
    this.#written = this.#written.filter(({ name }) => names.includes(name));
  }

  /**
   * Writes one, unless the same one is there; it is durable then.
   * @returns its file name
   * @throws Error when another writer took the number; the file system's error
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
