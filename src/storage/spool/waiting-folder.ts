import { objectPath } from '../../layout/object-path.ts';
import { ObjectRole, objectRole } from '../../layout/object-role.ts';
import { Fifo } from './fifo.ts';

/** A committed file that is not in the store yet. Kept small: there may be 100,000 of them. */
export interface WaitingFile {
  /** Within its folder. */
  readonly name: string;
  /** Bytes. */
  size: number;
  /** ms since the Unix epoch. */
  readonly committedMs: number;
  /** Its place in the order of upload: when it was committed, or failed last; ms since the epoch. */
  readyMs: number;
  /** `parked`: the store will not have it; `dropping`: being deleted to make room. */
  state: 'waiting' | 'active' | 'parked' | 'dropping';
  /** It was replaced or told of again while being uploaded. */
  again: boolean;
  /** How often the store refused this very file. */
  refusals: number;
}

/**
 * The files of one folder that wait, and the order in which they may go: initialization segments,
 * then segments, and a manifest only when nothing else of the folder is left. So a folder's parked
 * segment holds back its manifest, which may name it, and nothing else.
 */
export class WaitingFolder {
  /** Path below the root; empty for the root itself. */
  readonly path: string;
  readonly #files = new Map<string, WaitingFile>();
  readonly #ready = [new Fifo<WaitingFile>(), new Fifo<WaitingFile>(), new Fifo<WaitingFile>()];
  /** Media files that wait for whatever reason. */
  #media = 0;
  /** Initialization segments being uploaded. */
  #activeInitializations = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Files that wait for whatever reason. */
  get size(): number {
    return this.#files.size;
  }

  /** All files, those first that were added first. */
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

  /** Takes in a file that does not wait yet. @param committedMs ms since the Unix epoch */
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

  /** The file that may be uploaded next; undefined while none may. */
  next(): WaitingFile | undefined {
    const initialization = this.#first(ObjectRole.initialization);
    if (initialization !== undefined) return initialization;
    if (this.#activeInitializations > 0) return undefined;
    const segment = this.#first(ObjectRole.segment);
    if (segment !== undefined) return segment;
    return this.#media === 0 ? this.#first(ObjectRole.manifest) : undefined;
  }

  /** Takes the file that {@link next} gave. */
  start(file: WaitingFile): void {
    const role = objectRole(file.name);
    this.#ready[role]!.shift();
    file.state = 'active';
    file.again = false;
    if (role === ObjectRole.initialization) this.#activeInitializations++;
  }

  /** Lets a file wait again, behind the others. @param readyMs its new place */
  putBack(file: WaitingFile, readyMs: number): void {
    this.#ended(file);
    file.state = 'waiting';
    file.readyMs = readyMs;
    this.#ready[objectRole(file.name)]!.push(file);
  }

  /** Keeps a file from being uploaded until it is put back. */
  hold(file: WaitingFile, state: 'parked' | 'dropping'): void {
    this.#ended(file);
    file.state = state;
  }

  /** Forgets a file: it is in the store, or gone. */
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
    // What was held or removed meanwhile is still in the queue.
    while (queue.peek() !== undefined && queue.peek()!.state !== 'waiting') queue.shift();
    return queue.peek();
  }
}
