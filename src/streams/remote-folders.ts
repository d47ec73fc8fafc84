import type { RemoteFolders, StoredFolder } from '../day-folder/remote-folder.ts';
import type { StoredMessage, WorkerMessage } from './messages.ts';

/** Asks the main thread what the store has; only the main thread accesses the store. */
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

  /** Accepts the main thread's answer to {@link stored}. */
  answer({ id, stored }: StoredMessage): void {
    this.#asked.get(id)?.(stored);
    this.#asked.delete(id);
  }
}
