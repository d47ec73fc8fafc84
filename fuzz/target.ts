/** One thing that is fuzzed: how bytes become calls, and what must be true of them. */
export interface FuzzTarget {
  /** What its coverage is counted of: files or folders, from the root of the repository. */
  readonly covers: readonly string[];
  /** Longest input in bytes: what the door before the parser lets through, or a little less. */
  readonly maxBytes: number;
  /** Words of the format, which bytes alone would seldom hit upon. */
  readonly dictionary?: readonly string[];
  /** Whether the input is lines of text, to be cut and joined as such. */
  readonly lines?: boolean;
  /** Inputs to begin with, beside the corpus. */
  seeds(): Buffer[];
  /**
   * Runs one input. Must do the same whenever it is called, and keep nothing from one call to the
   * next. The errors that the code under test declares are caught here; whatever it throws is a
   * finding, also a property that does not hold.
   *
   * @param input must not be changed or kept
   */
  run(input: Buffer): void | Promise<void>;
  /** Lets go of what would keep the process running. */
  close?(): Promise<void>;
}

/** Fails a run whose outcome is wrong. */
export function must(holds: boolean, property: string): asserts holds {
  if (!holds) throw new PropertyError(property);
}

/** A property of a target that did not hold. */
export class PropertyError extends Error {
  override name = 'PropertyError';
}
