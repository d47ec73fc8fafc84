/** A group of writes: after one has failed, the later ones are skipped. */
export interface WriteOwner {
  failed: boolean;
}

/**
 * The writes of a stream, one after another: its files grow in the order of its media, and a slow
 * disk shows as a growing backlog rather than as interleaved writes.
 */
export class WriteQueue {
  #tail: Promise<void>;
  #bytes = 0;
  readonly #onFailure: (owner: WriteOwner, error: Error) => Promise<void>;

  /**
   * @param after the first write waits for this; must not reject
   * @param onFailure called once for the first failed write of an owner, in its turn; must not
   * throw
   */
  constructor(after: Promise<void>, onFailure: (owner: WriteOwner, error: Error) => Promise<void>) {
    this.#tail = after;
    this.#onFailure = onFailure;
  }

  /** Amount of media that waits to be written, bytes. */
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

  /** Resolves when all writes so far are done. */
  idle(): Promise<void> {
    return this.#tail;
  }
}
