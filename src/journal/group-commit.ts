/**
 * Combines the items that arrive during a commit in the next one, in the order of their arrival: if
 * the disk needs milliseconds to sync, a hundred callers share one sync.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: Item[]) => Promise<Result[]>;
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] =
    [];
  #running: Promise<void> | undefined;
  #exclusive: (() => Promise<void>)[] = [];

  /**
   * @param commit processes a batch, and rejects for all of it or returns a result for each item in
   * order
   */
  constructor(commit: (items: Item[]) => Promise<Result[]>) {
    this.#commit = commit;
  }

  /** @throws the error of the commit of its batch */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#start();
    });
  }

  /** Runs a task while no commit is in progress. */
  exclusive(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#exclusive.push(() => task().then(resolve, reject));
      this.#start();
    });
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Callers in the same turn share the first commit too.
    await null;
    while (this.#waiting.length > 0 || this.#exclusive.length > 0) {
      const task = this.#exclusive.shift();
      if (task) await task();
      const batch = this.#waiting;
      if (batch.length === 0) continue;
      this.#waiting = [];
      try {
        const results = await this.#commit(batch.map(({ item }) => item));
        for (let index = 0; index < batch.length; index++) batch[index]!.resolve(results[index]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    // In the same turn as the last check for work; otherwise an item that arrives in between would
    // wait for ever.
    this.#running = undefined;
  }
}
