import { objectPath } from '../../layout/object-path.ts';
import { ObjectRole, objectRole } from '../../layout/object-role.ts';
import { Fifo } from './fifo.ts';

/** A committed file that is not in the store. Kept small, because there may be 100,000 of them. */
export interface WaitingFile {
  /** Within its folder. */
  readonly name: string;
  /** Bytes. */
  size: number;
  /** ms since the Unix epoch. */
  readonly committedMs: number;
  /** Place in the upload order: time of its commit or last failure, ms since the Unix epoch. */
  readyMs: number;
  /** `parked`: refused by the store; `dropping`: being deleted to free space. */
  state: 'waiting' | 'active' | 'parked' | 'dropping';
  /** Replaced or offered again during its upload. */
  again: boolean;
  /** Number of refusals of this file. */
  refusals: number;
}

/**
 * The waiting files of a folder and their upload order: initialization segments, then segments, and
 * a manifest only if nothing else of the folder waits. So a parked segment blocks only the manifest
 * of its folder, which may name it.
 */
export class WaitingFolder {
  /** Path below the root; empty for the root itself. */
  readonly path: string;
  readonly #files = new Map<string, WaitingFile>();
  readonly #ready = [new Fifo<WaitingFile>(), new Fifo<WaitingFile>(), new Fifo<WaitingFile>()];
  /** Number of waiting media files, whatever they wait for. */
  #media = 0;
  /** Number of initialization segments being uploaded. */
  #activeInitializations = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Number of waiting files, whatever they wait for. */
  get size(): number {
    return this.#files.size;
  }

  /** All files in the order in which they were added. */
  files(): Iterable<WaitingFile> {
    return this.#files.values();
  }

  get(name: string): WaitingFile | undefined {
    return this.#files.get(name);
  }

  /** The key of a file of this folder. */
  key({ name }: WaitingFile): string {
    return objectPath(this.path, name);
  }

  /**
   * Adds a file. Precondition: it is not waiting yet. @param committedMs ms since the Unix epoch
   */
  add(name: string, size: number, committedMs: number): WaitingFile {
    const file: WaitingFile = {
      name,
      size,
      committedMs,
      readyMs: committedMs,
      state: 'waiting',
      again: false,
      refusals: 0,
    };
    this.#files.set(name, file);
    const role = objectRole(name);
    if (role !== ObjectRole.manifest) this.#media++;
    this.#ready[role]!.push(file);
    return file;
  }

  /** The file to upload next; undefined if none may be. */
  next(): WaitingFile | undefined {
    const initialization = this.#first(ObjectRole.initialization);
    if (initialization !== undefined) return initialization;
    if (this.#activeInitializations > 0) return undefined;
    const segment = this.#first(ObjectRole.segment);
    if (segment !== undefined) return segment;
    return this.#media === 0 ? this.#first(ObjectRole.manifest) : undefined;
  }

  /** Marks the file that {@link next} returned as being uploaded. */
  start(file: WaitingFile): void {
    const role = objectRole(file.name);
    this.#ready[role]!.shift();
    file.state = 'active';
    file.again = false;
    if (role === ObjectRole.initialization) this.#activeInitializations++;
  }

  /** Returns a file to the queue behind the others. @param readyMs its new place */
  putBack(file: WaitingFile, readyMs: number): void {
    this.#ended(file);
    file.state = 'waiting';
    file.readyMs = readyMs;
    this.#ready[objectRole(file.name)]!.push(file);
  }

  /** Prevents the upload of a file until it is put back. */
  hold(file: WaitingFile, state: 'parked' | 'dropping'): void {
    this.#ended(file);
    file.state = state;
  }

  /** Removes a file that was uploaded or is gone. */
  remove(file: WaitingFile): void {
    this.#ended(file);
    this.#files.delete(file.name);
    if (objectRole(file.name) !== ObjectRole.manifest) this.#media--;
    file.state = 'dropping';
  }

  #ended(file: WaitingFile): void {
    if (file.state !== 'active') return;
    if (objectRole(file.name) === ObjectRole.initialization) this.#activeInitializations--;
  }

  #first(role: ObjectRole): WaitingFile | undefined {
    const queue = this.#ready[role]!;
    // Files that were held or removed are still in the queue.
    while (queue.peek() !== undefined && queue.peek()!.state !== 'waiting') queue.shift();
    return queue.peek();
  }
}
