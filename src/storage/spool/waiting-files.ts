import { folderOf, nameOf } from '../../layout/object-path.ts';
import { type WaitingFile, WaitingFolder } from './waiting-folder.ts';

/** A waiting file and its folder. */
export interface Waiting {
  readonly folder: WaitingFolder;
  readonly file: WaitingFile;
}

/** All waiting files: their number, their size, and which is uploaded next. */
export class WaitingFiles {
  /** Number of waiting files, whatever they wait for. */
  count = 0;
  /** Their total size. */
  bytes = 0;
  readonly #folders = new Map<string, WaitingFolder>();
  /** The few files that the store refused, with their folders. */
  readonly #parked = new Map<WaitingFile, WaitingFolder>();

  /** Number of parked files; they count as waiting too. */
  get parked(): number {
    return this.#parked.size;
  }

  /** Commit time of the oldest file, ms since the Unix epoch; undefined if none waits. */
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

  /** Keys of all waiting files. */
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

  /**
   * Adds a file. Precondition: it is not waiting yet. @param committedMs ms since the Unix epoch
   */
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

  /** A waiting file was replaced by one of another size, bytes. */
  resize(file: WaitingFile, size: number): void {
    this.bytes += size - file.size;
    file.size = size;
  }

  /** The oldest file that may be uploaded; the cost is proportional to the number of folders. */
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

  /** Removes a file that was uploaded or is gone. */
  remove({ folder, file }: Waiting): void {
    folder.remove(file);
    this.#parked.delete(file);
    this.count--;
    this.bytes -= file.size;
    if (folder.size === 0) this.#folders.delete(folder.path);
  }

  /** Prevents the upload of a file until {@link unpark}. */
  park({ folder, file }: Waiting): void {
    folder.hold(file, 'parked');
    this.#parked.set(file, folder);
  }

  /** Returns all parked files to the queue. @param readyMs their place in it */
  unpark(readyMs: number): void {
    for (const [file, folder] of this.#parked) folder.putBack(file, readyMs);
    this.#parked.clear();
  }

  /** Files that are not being uploaded and for which a condition holds, the oldest first. */
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

  /** Prevents the upload of a file that is about to be deleted. */
  drop({ folder, file }: Waiting): void {
    folder.hold(file, 'dropping');
    this.#parked.delete(file);
  }
}
