import { folderOf, nameOf } from '../../layout/object-path.ts';
import { type WaitingFile, WaitingFolder } from './waiting-folder.ts';

/** A waiting file and where it lies. */
export interface Waiting {
  readonly folder: WaitingFolder;
  readonly file: WaitingFile;
}

/** All files that wait, how many and how much they are, and which is next. */
export class WaitingFiles {
  /** Files that wait for whatever reason. */
  count = 0;
  /** Bytes of them. */
  bytes = 0;
  readonly #folders = new Map<string, WaitingFolder>();
  /** The few that the store would not have, with where they lie. */
  readonly #parked = new Map<WaitingFile, WaitingFolder>();

  /** Files that are parked; they count as waiting too. */
  get parked(): number {
    return this.#parked.size;
  }

  /** ms since the Unix epoch at which the oldest was committed; undefined when nothing waits. */
  get oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const folder of this.#folders.values()) {
      for (const { committedMs } of folder.files()) {
        if (oldest === undefined || committedMs < oldest) oldest = committedMs;
        break;
      }
    }
    return oldest;
  }

  /** Keys of all files that wait. */
  *keys(): Generator<string> {
    for (const folder of this.#folders.values()) {
      for (const file of folder.files()) yield folder.key(file);
    }
  }

  /** Finds a file. */
  find(key: string): Waiting | undefined {
    const folder = this.#folders.get(folderOf(key));
    const file = folder?.get(nameOf(key));
    return file === undefined ? undefined : { folder: folder!, file };
  }

  /** Takes in a file that does not wait yet. @param committedMs ms since the Unix epoch */
  add(path: string, name: string, size: number, committedMs: number): void {
    let folder = this.#folders.get(path);
    if (folder === undefined) {
      folder = new WaitingFolder(path);
      this.#folders.set(path, folder);
    }
    folder.add(name, size, committedMs);
    this.count++;
    this.bytes += size;
  }

  /** A file that waits was replaced by one of another size, bytes. */
  resize(file: WaitingFile, size: number): void {
    this.bytes += size - file.size;
    file.size = size;
  }

  /** The oldest file that may be uploaded, at the price of a look at each folder. */
  next(): Waiting | undefined {
    let next: Waiting | undefined;
    for (const folder of this.#folders.values()) {
      const file = folder.next();
      if (file !== undefined && (next === undefined || file.readyMs < next.file.readyMs)) {
        next = { folder, file };
      }
    }
    return next;
  }

  /** Forgets a file: it is in the store, or gone. */
  remove({ folder, file }: Waiting): void {
    folder.remove(file);
    this.#parked.delete(file);
    this.count--;
    this.bytes -= file.size;
    if (folder.size === 0) this.#folders.delete(folder.path);
  }

  /** Keeps a file from being uploaded until {@link unpark}. */
  park({ folder, file }: Waiting): void {
    folder.hold(file, 'parked');
    this.#parked.set(file, folder);
  }

  /** Lets all parked files wait as the others do. @param readyMs their place among them */
  unpark(readyMs: number): void {
    for (const [file, folder] of this.#parked) folder.putBack(file, readyMs);
    this.#parked.clear();
  }

  /** Files that nobody is uploading and that a condition holds for, the oldest first. */
  idle(condition: (key: string, file: WaitingFile) => boolean): Waiting[] {
    const found: Waiting[] = [];
    for (const folder of this.#folders.values()) {
      for (const file of folder.files()) {
        const isIdle = file.state === 'waiting' || file.state === 'parked';
        if (isIdle && condition(folder.key(file), file)) found.push({ folder, file });
      }
    }
    return found.sort((a, b) => a.file.committedMs - b.file.committedMs);
  }

  /** Keeps a file from being uploaded because it is about to be deleted. */
  drop({ folder, file }: Waiting): void {
    folder.hold(file, 'dropping');
    this.#parked.delete(file);
  }
}
