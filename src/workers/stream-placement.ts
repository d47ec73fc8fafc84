/** Forgettable streams are searched for when there are this many more than are known. */
const MOST_UNKNOWN = 1000;

/** Which worker has a stream: the one that saw it first, for as long as that worker knows it. */
export class StreamPlacement {
  readonly #numbers = new Map<string, number>();

  /** Number of the worker that has a stream; undefined for one that none has. */
  get(stream: string): number | undefined {
    return this.#numbers.get(stream);
  }

  /** The streams of a worker. */
  of(number: number): string[] {
    return [...this.#numbers].filter(([, at]) => at === number).map(([stream]) => stream);
  }

  /**
   * Gives a stream to the worker that has the fewest.
   * @param alive of each worker, whether it lives; of those that do not none is taken while one does
   * @returns its number
   */
  place(stream: string, alive: readonly boolean[]): number {
    const load = alive.map((isAlive) => (isAlive ? 0 : Number.POSITIVE_INFINITY));
    for (const number of this.#numbers.values()) load[number]!++;
    const number = load.indexOf(Math.min(...load));
    this.#numbers.set(stream, number);
    return number;
  }

  /** No worker has it any more. */
  delete(stream: string): void {
    this.#numbers.delete(stream);
  }

  /**
   * Ids are the callers' choice: what no worker knows any more is forgotten, when it has become much.
   * @param known the streams that workers know
   */
  forgetAllBut(known: ReadonlySet<string>): void {
    if (this.#numbers.size <= 2 * known.size + MOST_UNKNOWN) return;
    for (const stream of this.#numbers.keys()) {
      if (!known.has(stream)) this.#numbers.delete(stream);
    }
  }
}
