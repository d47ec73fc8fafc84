/**
 * Puts items that arrive while one commit is under way together into the next, in the order of
 * their arrival: with a disk that takes milliseconds to sync, a hundred callers share one sync.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: Item[]) => Promise<Result[]>;
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] =
    [];
  #running: Promise<void> | undefined;
  #exclusive: (() => Promise<void>)[] = [];

  /** @param commit takes a batch, and rejects for all of it or answers each item in order */
  constructor(commit: (items: Item[]) => Promise<Result[]>) {
    this.#commit = commit;
  }

  /** @throws what the commit of its batch rejected with */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#start();
    });
  }

  /** Runs a task while no commit is under way. */
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
    // Callers of the same turn share the first commit too.
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
    // In the same turn as the last look for work, or what comes in between would lie for ever.
    this.#running = undefined;
  }
}
