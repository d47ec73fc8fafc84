import type { RemoteFolders, StoredFolder } from '../day-folder/remote-folder.ts';
import type { StoredMessage, WorkerMessage } from './messages.ts';

/** A worker's way to the store, which the main thread has. */
export class WorkerRemoteFolders implements RemoteFolders {
  readonly #say: (message: WorkerMessage) => void;
  readonly #asked = new Map<number, (stored: StoredFolder | undefined) => void>();
  #lastId = 0;

  constructor(say: (message: WorkerMessage) => void) {
    this.#say = say;
  }

  stored(folder: string, hasManifest: boolean): Promise<StoredFolder | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#say({ type: 'ask-stored', id, folder, hasManifest });
    });
  }

  /** Takes the main thread's answer to {@link stored}. */
  answer({ id, stored }: StoredMessage): void {
    this.#asked.get(id)?.(stored);
    this.#asked.delete(id);
  }
}
