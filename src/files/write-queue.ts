/** Something whose writes stand or fall together: after one failed, the later ones are left out. */
export interface WriteOwner {
  failed: boolean;
}

/**
 * The writes of one stream, one after another: files of a stream grow in the order in which their
 * media came, and a slow disk is noticed as a growing backlog instead of as interleaved writes.
 */
export class WriteQueue {
  #tail: Promise<void>;
  #bytes = 0;
  readonly #onFailure: (owner: WriteOwner, error: Error) => Promise<void>;

  /**
   * @param after the first write waits for this; must not reject
   * @param onFailure called once for the first failed write of an owner, in turn with the writes;
   * must not throw
   */
  constructor(after: Promise<void>, onFailure: (owner: WriteOwner, error: Error) => Promise<void>) {
    this.#tail = after;
    this.#onFailure = onFailure;
  }

  /** Bytes of media that wait to be written. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Appends a write. @param bytes of media that it holds in memory until it is done */
  push(owner: WriteOwner, bytes: number, write: () => Promise<void>): void {
    this.#bytes += bytes;
    this.#tail = this.#tail.then(async () => {
      try {
        if (!owner.failed) await write();
      } catch (error) {
        owner.failed = true;
        await this.#onFailure(owner, error as Error);
      } finally {
        this.#bytes -= bytes;
      }
    });
  }

  /** Resolves when all that was pushed so far is done. */
  idle(): Promise<void> {
    return this.#tail;
  }
}
