/** Streams that no worker knows are removed once there are this many. */
const MOST_UNKNOWN = 1000;

/**
 * Which worker has a stream: the first one to get it, for as long as that worker knows the stream.
 */
export class StreamPlacement {
  readonly #numbers = new Map<string, number>();

  /** Number of the worker that has a stream; undefined if none has it. */
  get(stream: string): number | undefined {
    return this.#numbers.get(stream);
  }

  /** The streams of a worker. */
  of(number: number): string[] {
    return [...this.#numbers].filter(([, at]) => at === number).map(([stream]) => stream);
  }

  /**
   * Assigns a stream to the worker with the fewest streams.
   * @param alive whether each worker lives; dead ones are used only if all are dead
   * @returns the number of the worker
   */
  place(stream: string, alive: readonly boolean[]): number {
    const load = alive.map((isAlive) => (isAlive ? 0 : Number.POSITIVE_INFINITY));
    for (const number of this.#numbers.values()) load[number]!++;
    const number = load.indexOf(Math.min(...load));
    this.#numbers.set(stream, number);
    return number;
  }

  /** The stream has no worker any more. */
  delete(stream: string): void {
    this.#numbers.delete(stream);
  }

  /**
   * Removes streams that no worker knows, once there are many: callers choose the names, so the
   * number is unbounded.
   * @param known the streams that the workers know
   */
  forgetAllBut(known: ReadonlySet<string>): void {
    if (this.#numbers.size <= 2 * known.size + MOST_UNKNOWN) return;
    for (const stream of this.#numbers.keys()) {
      if (!known.has(stream)) this.#numbers.delete(stream);
    }
  }
}
