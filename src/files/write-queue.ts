/** A group of writes: after one has failed, the later ones are skipped. */
export interface WriteOwner {
  failed: boolean;
}

/** Successive writes that may run beside each other: those of one owner, to files of their own. */
interface Stretch {
  /** Undefined for a single write that runs alone. */
  owner: WriteOwner | undefined;
  /** Resolves when all writes before it are done. */
  start: Promise<void>;
  /** The last write of each track. */
  tails: Map<object, Promise<void>>;
  failed: boolean;
}

/**
 * The writes of a stream, in order: its files grow in the order of its media, and a slow disk shows as a
 * growing backlog. Both tracks of a Period are written at the same time, so that the end of a segment
 * of one does not wait for the syncs of the other; any other write runs alone.
 */
export class WriteQueue {
  #stretch: Stretch;
  #bytes = 0;
  readonly #onFailure: (owner: WriteOwner, error: Error) => Promise<void>;

  /**
   * @param after the first write waits for this; must not reject
   * @param onFailure called once for the first failed write of an owner, while no other write runs; must
   * not throw
   */
  constructor(after: Promise<void>, onFailure: (owner: WriteOwner, error: Error) => Promise<void>) {
    this.#stretch = { owner: undefined, start: after, tails: new Map(), failed: false };
    this.#onFailure = onFailure;
  }

  /** Amount of media that waits to be written, bytes. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /**
   * Appends a write.
   * @param bytes of media that it holds in memory until it is done
   * @param track the track it belongs to: successive writes of an owner wait only for those of the same track.
   * Without a track, it runs alone.
   */
  push(owner: WriteOwner, bytes: number, write: () => Promise<void>, track?: object): void {
    this.#bytes += bytes;
    if (track === undefined || this.#stretch.owner !== owner) {
      const shared = track === undefined ? undefined : owner;
      this.#stretch = { owner: shared, start: this.idle(), tails: new Map(), failed: false };
    }
    const stretch = this.#stretch;
    const before = stretch.tails.get(track ?? owner) ?? stretch.start;
    const done = before.then(async () => {
      try {
        if (!owner.failed) await write();
      } catch (error) {
        owner.failed = true;
        await this.#fail(stretch, track, owner, error as Error);
      } finally {
        this.#bytes -= bytes;
      }
    });
    stretch.tails.set(track ?? owner, done);
  }

  /** Resolves when all writes so far are done. */
  async idle(): Promise<void> {
    const { start, tails } = this.#stretch;
    await Promise.all([start, ...tails.values()]);
  }

  async #fail(stretch: Stretch, track: object | undefined, owner: WriteOwner, error: Error) {
    // Another track of the owner has failed a moment ago, and waits for this one.
    if (stretch.failed) return;
    stretch.failed = true;
    const others = [...stretch.tails].filter(([each]) => each !== track);
    if (track !== undefined) await Promise.all(others.map(([, tail]) => tail));
    await this.#onFailure(owner, error);
  }
}
